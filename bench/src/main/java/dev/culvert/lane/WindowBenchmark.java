package dev.culvert.lane;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/** What windows cost: for each piece that comes and is consumed, and for each stream that begins and ends. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class WindowBenchmark {
    private static final int PIECE_BYTES = 16 * 1024;
    private static final int WINDOW_BYTES = LaneOptions.DEFAULT.streamWindowBytes();
    private static final int ABOVE_FLOOR_BYTES = WINDOW_BYTES - LaneOptions.DEFAULT.floorWindowBytes();

    /** What the event loops of a process share. */
    @State(Scope.Benchmark)
    public static class Shared {
        final WindowBudget budget = new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes());
    }

    /** What one stream has. */
    @State(Scope.Thread)
    public static class Stream {
        final ReceiveWindow window =
                new ReceiveWindow(new WindowBudget(0), WINDOW_BYTES, 0, WINDOW_BYTES, System.nanoTime());
    }

    /** A piece of a long body: it arrives, it is consumed, and each eighth grants credit. The clock's reads are in it. */
    @Benchmark
    public int piece(Stream stream) {
        if (!stream.window.receive(PIECE_BYTES, System.nanoTime())) {
            throw new IllegalStateException("more than the window");
        }
        return stream.window.consume(PIECE_BYTES, System.nanoTime(), 0);
    }

    /** A stream's share of the budget, taken and given back, by one event loop. */
    @Benchmark
    public boolean budget(Shared shared) {
        boolean taken = shared.budget.tryTake(ABOVE_FLOOR_BYTES);
        shared.budget.giveBack(ABOVE_FLOOR_BYTES);
        return taken;
    }

    /** The same by two event loops at once. */
    @Benchmark
    @Threads(2)
    public boolean budgetContended(Shared shared) {
        return budget(shared);
    }
}

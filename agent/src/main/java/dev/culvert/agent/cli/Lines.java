package dev.culvert.agent.cli;

import java.io.PrintStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prints lines from a thread of its own, so that a terminal that stands still holds up nobody. Lines about requests are
 * bounded: at most so many a second, the others are only counted.
 */
final class Lines implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lines.class);

    /** Lines that may wait for the terminal; beyond it requests are only counted, and other lines lost. */
    private static final int MOST_WAITING = 1000;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /**
     * How long lines are collected before they are printed together, in nanoseconds: nobody reads faster, and thousands
     * of requests a second cost a hundred wake-ups.
     */
    private static final long COLLECTING_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** What is printed at once at most, about, in characters. */
    private static final int BATCH_CHARS = 64 * 1024;

    /** How long the last lines may take at the end, in milliseconds. */
    private static final long CLOSE_MILLIS = 500;

    private final PrintStream out;
    private final int requestsPerSecond;
    private final LongFunction<String> summary;
    private final LongSupplier nanoClock;
    private final BlockingQueue<Line> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong notQueued = new AtomicLong();
    private final Thread printer = new Thread(this::print, "culvert-output");

    /** What is printed at once; the printer's own. */
    private final StringBuilder batch = new StringBuilder();

    private volatile long windowStart;
    /** Whether this second's lines about requests are printed: more of them are not even queued. */
    private volatile boolean windowFull;

    private boolean toldOfLoss;
    private int printedInWindow;
    private long skipped;

    private record Line(Supplier<String> text, boolean isRequest, boolean isLast) {}

    /**
     * Begins to print.
     *
     * @param requestsPerSecond how many lines about requests are printed in a second
     * @param summary the line for requests that were only counted
     * @param nanoClock a clock in nanoseconds that only goes forward
     */
    Lines(PrintStream out, int requestsPerSecond, LongFunction<String> summary, LongSupplier nanoClock) {
        this.out = out;
        this.requestsPerSecond = requestsPerSecond;
        this.summary = summary;
        this.nanoClock = nanoClock;
        this.windowStart = nanoClock.getAsLong();
        printer.setDaemon(true);
        printer.start();
    }

    /** Prints a line, after those before it. Any thread; never waits. */
    void say(String line) {
        waiting.offer(new Line(() -> line, false, false));
    }

    /** Prints a line about a request, or counts it. Any thread; never waits. */
    void request(Supplier<String> line) {
        boolean unwanted = windowFull && nanoClock.getAsLong() - windowStart < SECOND;
        if (unwanted || !waiting.offer(new Line(line, true, false))) {
            notQueued.incrementAndGet();
        }
    }

    /** Prints what waits, for a short while at most, and ends. */
    @Override
    public void close() {
        try {
            if (waiting.offer(new Line(() -> "", false, true), CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                printer.join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void print() {
        try {
            boolean goesOn = true;
            while (goesOn) {
                Line line = next();
                goesOn = take(line);
                while (goesOn && batch.length() < BATCH_CHARS && (line = waiting.poll()) != null) {
                    goesOn = take(line);
                }
                printBatch();
                if (goesOn) {
                    LockSupport.parkNanos(this, COLLECTING_NANOS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void printBatch() {
        try {
            out.print(batch);
            out.flush();
        } catch (RuntimeException | Error e) {
            lost(e);
        }
        batch.setLength(0);
    }

    /** Puts a line, or that there is none for now, into the batch; false when it is the last. */
    private boolean take(@Nullable Line line) {
        boolean last = line != null && line.isLast();
        try {
            rollWindow(last);
            if (line != null && !last) {
                print(line);
            }
        } catch (RuntimeException | Error e) {
            lost(e);
        }
        return !last;
    }

    /** Out of file descriptors or memory, classes do not load: such a line is lost, those after it are not. */
    private void lost(Throwable fault) {
        if (toldOfLoss) {
            return;
        }
        try {
            LOGGER.atError().setCause(fault).log("a line was not printed; going on");
            toldOfLoss = true;
        } catch (RuntimeException | Error e) {
            toldOfLoss = false; // What the log needs does not load either: the next loss is told.
        }
    }

    private @Nullable Line next() throws InterruptedException {
        if (skipped == 0 && notQueued.get() == 0 && !windowFull) {
            return waiting.take();
        }
        long left = windowStart + SECOND - nanoClock.getAsLong();
        return waiting.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
    }

    private void rollWindow(boolean last) {
        long now = nanoClock.getAsLong();
        if (!last && now - windowStart < SECOND) {
            return;
        }
        skipped += notQueued.getAndSet(0);
        if (skipped > 0) {
            batch.append(summary.apply(skipped)).append(System.lineSeparator());
        }
        windowStart = now;
        windowFull = false;
        printedInWindow = 0;
        skipped = 0;
    }

    private void print(Line line) {
        if (line.isRequest() && printedInWindow >= requestsPerSecond) {
            skipped++;
            return;
        }
        batch.append(line.text().get()).append(System.lineSeparator());
        if (line.isRequest()) {
            printedInWindow++;
            windowFull = printedInWindow >= requestsPerSecond;
        }
    }
}

package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/** Frames to bytes and back. Per frame, of which thirty-two stand behind each other as busy lanes read them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark {
    private static final int FRAMES = 32;

    /** What a DATA frame carries, in bytes: a request's head, and a piece of a long body. */
    @Param({"200", "16384"})
    public int dataBytes;

    private final FrameReader reader = new FrameReader();
    private ByteBuf data = ByteBufAllocator.DEFAULT.buffer();
    private ByteBuf credits = ByteBufAllocator.DEFAULT.buffer();
    private ByteBuf opens = ByteBufAllocator.DEFAULT.buffer();
    private Frame.Open open = new Frame.Open(
            1,
            new StreamRequest("host:bench.example.org", StreamRequest.Kind.HTTP, "192.0.2.7:50000", 0, 0),
            256 * 1024,
            256 * 1024);
    private Frame.Data piece = new Frame.Data(1, data);

    /** Lays out what is read. */
    @Setup
    public void layOut() {
        ByteBuf payload = ByteBufAllocator.DEFAULT.buffer().writeZero(dataBytes);
        piece = new Frame.Data(1, payload);
        for (int i = 0; i < FRAMES; i++) {
            append(data, piece);
            data.writeBytes(payload.duplicate());
            append(credits, new Frame.Credit(1, 1000));
            append(opens, open);
        }
    }

    private static void append(ByteBuf bytes, Frame frame) {
        ByteBuf written = FrameWriter.write(frame, ByteBufAllocator.DEFAULT);
        bytes.writeBytes(written);
        written.release();
    }

    /** Gives it back. */
    @TearDown
    public void release() {
        List.of(data, credits, opens, piece.payload()).forEach(ByteBuf::release);
    }

    /** DATA frames out of a read. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public void readData(Blackhole out) {
        reader.read(data.duplicate(), frame -> {
            out.consume(frame);
            ((Frame.Data) frame).payload().release();
        });
    }

    /** CREDIT frames out of a read. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public void readCredit(Blackhole out) {
        reader.read(credits.duplicate(), out::consume);
    }

    /** OPEN frames out of a read. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public void readOpen(Blackhole out) {
        reader.read(opens.duplicate(), out::consume);
    }

    /** The header of a DATA frame. */
    @Benchmark
    public int writeData() {
        return written(piece);
    }

    /** An OPEN frame. */
    @Benchmark
    public int writeOpen() {
        return written(open);
    }

    private static int written(Frame frame) {
        ByteBuf bytes = FrameWriter.write(frame, ByteBufAllocator.DEFAULT);
        int size = bytes.readableBytes();
        bytes.release();
        return size;
    }
}

package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A visitor on another event loop than its lane's. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class HopStreamTest {
    private final LaneBench bench = new LaneBench();

    @AfterEach
    void close() {
        bench.close();
    }

    private StreamRecorder opened(LaneBench.Run run) {
        StreamRecorder stream = run.open(bench.otherLoop());
        assertSame(bench.otherLoop(), stream.stream.eventLoop());
        run.peer().await(Frame.Open.class);
        return stream;
    }

    @Test
    void bytesAndEndsCrossInOrder() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream =
                run.open(bench.otherLoop()).write("one ").write("two").finish();
        run.peer().expect(Frame.Open.class);

        assertEquals("one two", run.peer().expectText(2, 7));
        run.peer().await(Frame.Fin.class);
        run.peer().sendText(2, "three ").sendText(2, "four").send(new Frame.Fin(2, 7));
        assertEquals("three four", stream.nextText(10));
        assertSame(StreamRecorder.FINISH, stream.next());
        run.settle();
        assertEquals(0, run.lane().load());
    }

    @Test
    void aWriterIsStoppedAndAlwaysToldToGoOn() throws Exception {
        LaneBench.Run run = bench.peerWindow(1000).start();
        StreamRecorder stream = opened(run);
        byte[] sent = new byte[8 * 1024 * 1024];
        new Random(3).nextBytes(sent);
        CompletableFuture<Integer> most = new CompletableFuture<>();
        int[] at = {0};
        int[] largest = {0};
        Random sizes = new Random(5);
        Runnable writing = () -> {
            int before = at[0];
            while (at[0] < sent.length && stream.stream.isWritable()) {
                int size = Math.min(sent.length - at[0], 1 + sizes.nextInt(30_000));
                stream.stream.write(StreamRecorder.buffer(Arrays.copyOfRange(sent, at[0], at[0] + size)));
                at[0] += size;
            }
            largest[0] = Math.max(largest[0], at[0] - before);
            if (at[0] == sent.length) {
                most.complete(largest[0]);
            }
        };
        stream.within = event -> writing.run();

        stream.on(writing);

        byte[] received = new byte[sent.length];
        int count = 0;
        while (count < sent.length) {
            run.peer().send(new Frame.Credit(2, 1 + sizes.nextInt(60_000)));
            Frame.Data data = run.peer().await(Frame.Data.class);
            int bytes = data.payload().readableBytes();
            data.payload().readBytes(received, count, bytes);
            count += bytes;
        }
        assertArrayEquals(sent, received);
        most.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aStoppedWriterHoldsABoundedAmount() throws Exception {
        LaneBench.Run run = bench.peerWindow(1).start();
        StreamRecorder stream = opened(run);
        int written = 0;
        for (int i = 0; i < 1000 && stream.isWritable(); i++) {
            stream.write(new byte[1000]);
            run.ask(() -> true); // The lane's side has taken it.
            written += 1000;
        }
        assertFalse(stream.isWritable());
        assertTrue(written <= 3 * LaneStream.HIGH_WATER_BYTES, "%d bytes".formatted(written));

        run.peer().send(new Frame.Credit(2, written));

        assertSame(StreamRecorder.WRITABLE, stream.next());
        assertTrue(stream.isWritable());
    }

    @Test
    void creditIsGrantedForWhatTheVisitorConsumed() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = opened(run);
        stream.consumes = false;
        run.peer().send(new Frame.Data(2, Unpooled.wrappedBuffer(new byte[40_000])));
        stream.nextBytes(40_000);
        run.settle();

        stream.consumed(40_000);

        assertEquals(2, run.peer().expect(Frame.Credit.class).streamId());
    }

    @Test
    void eitherSidesResetReachesTheOther() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder leaving = opened(run);
        StreamRecorder losing = opened(run);

        leaving.write("last words").reset(CloseReason.CANCELLED);
        run.peer().sendText(2, "crossed");
        run.peer().sendText(4, "x").send(new Frame.Reset(4, CloseReason.TARGET_FAILED, 0, ""));

        assertEquals(2, run.peer().await(Frame.Reset.class).streamId());
        losing.nextBytes(1);
        assertEquals(CloseReason.TARGET_FAILED, losing.nextReset().reason());
        losing.write("too late").finish().consumed(1).reset(CloseReason.CANCELLED);
        run.settle();
        assertEquals(0, leaving.heardMore() + losing.heardMore());
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void aRefusedStreamIsAResetAndNothingLeaks() throws Exception {
        LaneBench.Run run = bench.start();
        run.peer().send(new Frame.GoAway(CloseReason.DRAINING, 0, List.of(), ""));
        run.settle();

        StreamRecorder stream = run.open(bench.otherLoop()).write("dropped");

        assertEquals(CloseReason.DRAINING, stream.nextReset().reason());
        assertEquals(0, run.lane().load());
    }

    @Test
    void aListenersMistakeDoesNotStrandWhatComesBehind() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = opened(run);
        stream.within = event -> {
            stream.within = later -> {};
            throw new IllegalStateException("thrown by a test, as its log line says");
        };

        run.peer().sendText(2, "a").sendText(2, "b").send(new Frame.Fin(2, 0));

        Object next = stream.next();
        while (next != StreamRecorder.FINISH) {
            next = stream.next();
        }
    }
}

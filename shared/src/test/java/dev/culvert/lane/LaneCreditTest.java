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
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who may send how much, and whose budget it is. The windows are those of {@link LaneBench#OPTIONS}: 64 KiB. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class LaneCreditTest {
    private LaneBench bench = new LaneBench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static Frame data(int streamId, int bytes) {
        return new Frame.Data(streamId, Unpooled.wrappedBuffer(new byte[bytes]));
    }

    @Test
    void creditIsGrantedForHalfAWindowConsumedAndNotForBytesHeld() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder stream = run.accept(1);
        run.peer().send(data(1, 60_000));
        stream.nextBytes(60_000);
        run.settle(); // No credit.

        stream.consumed(32 * 1024 - 1);
        run.settle(); // Still none.
        stream.consumed(1);

        Frame.Credit credit = run.peer().expect(Frame.Credit.class);
        assertEquals(1, credit.streamId());
        // Half a window, and as much again as the window has if it grew.
        assertTrue(credit.bytes() == 32 * 1024 || credit.bytes() == 96 * 1024, "credit " + credit.bytes());
    }

    @Test
    void aPeerThatSendsMoreThanItsWindowLosesItsLaneAndNothingElse() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        LaneBench.Run bystander = bench.start();
        StreamRecorder stream = run.accept(1);

        run.peer().send(data(1, 65536), data(1, 1));

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
        run.peer().expectEnd();
        assertEquals(CloseReason.PROTOCOL_ERROR, run.handler().closeReason());
        stream.nextBytes(65536);
        assertEquals(CloseReason.LANE_LOST, stream.nextReset().reason());
        bystander.settle();
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void theSenderStopsAtItsCreditAndGoesOnWithMore() throws Exception {
        LaneBench.Run run = bench.peerWindow(100_000).start();
        StreamRecorder stream = run.opened();
        byte[] sent = new byte[300_000];
        new Random(1).nextBytes(sent);

        stream.write(sent);

        byte[] received = new byte[300_000];
        read(run, received, 0, 100_000);
        run.settle(); // Not a byte more.
        assertFalse(stream.isWritable());
        run.peer().send(new Frame.Credit(2, 1));
        read(run, received, 100_000, 1);
        run.peer().send(new Frame.Credit(2, Integer.MAX_VALUE), new Frame.Credit(2, Integer.MAX_VALUE));
        read(run, received, 100_001, 199_999);
        assertArrayEquals(sent, received);
        assertSame(StreamRecorder.WRITABLE, stream.next());
        assertTrue(stream.isWritable());
    }

    private static void read(LaneBench.Run run, byte[] into, int from, int count) {
        for (int at = from; at < from + count; ) {
            Frame.Data data = run.peer().expect(Frame.Data.class);
            int bytes = data.payload().readableBytes();
            data.payload().readBytes(into, at, bytes);
            at += bytes;
            assertTrue(at <= from + count, "more than its credit");
        }
    }

    @Test
    void aWriterThatIsToldToStopIsToldToGoOn() throws Exception {
        LaneBench.Run run = bench.peerWindow(1).start();
        StreamRecorder stream = run.opened();
        stream.write(new byte[LaneStream.HIGH_WATER_BYTES]);
        assertTrue(stream.isWritable());
        stream.write(new byte[1]);
        assertFalse(stream.isWritable());

        run.peer().send(new Frame.Credit(2, LaneStream.LOW_WATER_BYTES - 1));
        run.settleAnyhow();
        assertFalse(stream.isWritable());
        assertEquals(0, stream.heardMore());
        run.peer().send(new Frame.Credit(2, 1));

        assertSame(StreamRecorder.WRITABLE, stream.next());
    }

    @Test
    void aWriterThatWritesALittleAfterItWasToldToStopIsToldToGoOn() throws Exception {
        LaneBench.Run run = bench.peerWindow(1).start();
        StreamRecorder stream = run.opened();
        stream.write(new byte[LaneStream.HIGH_WATER_BYTES + 1]);
        assertFalse(stream.isWritable());
        run.peer().send(new Frame.Credit(2, LaneStream.LOW_WATER_BYTES - 1));
        run.settleAnyhow();

        stream.write(new byte[1]);
        assertFalse(stream.isWritable());
        run.peer().send(new Frame.Credit(2, 2));

        assertSame(StreamRecorder.WRITABLE, stream.next());
    }

    @Test
    void roomThatCameBeforeAnyoneListenedIsTold() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        run.peer().send(new Frame.Open(1, LaneBench.REQUEST, 1, 65536));
        StreamRecorder stream = run.handler().nextStream();
        stream.write(new byte[100_000]);
        assertFalse(stream.isWritable());
        run.peer().send(new Frame.Credit(1, 100_000));
        run.settleAnyhow();

        stream.listen();

        assertSame(StreamRecorder.WRITABLE, stream.next());
    }

    @Test
    void aFinishedStreamsUnreadBytesCountUntilTheyAreRead() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder stream = run.accept(1);
        run.peer().send(data(1, 1000), new Frame.Fin(1, 0));
        stream.nextBytes(1000);
        stream.finish();
        run.peer().expect(Frame.Fin.class);
        assertEquals(0, run.lane().load());
        assertEquals(48 * 1024, bench.options.windowBudgetBytes() - bench.budget.left());

        stream.consumed(999);
        assertEquals(48 * 1024, bench.options.windowBudgetBytes() - bench.budget.left());
        stream.consumed(1);

        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
        stream.consumed(1).reset(CloseReason.CANCELLED);
        run.settle(); // Nothing of it is sent, or given back twice.
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void aFinishedStreamsWindowIsGivenBackWhenItsReaderLeaves() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder stream = run.accept(1);
        run.peer().send(data(1, 1000), new Frame.Fin(1, 0));
        stream.nextBytes(1000);
        stream.finish();

        stream.reset(CloseReason.CANCELLED);

        run.peer().expect(Frame.Fin.class);
        run.settle();
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void aFinishedStreamOutlivesItsLane() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder stream = run.accept(1);
        run.peer().send(data(1, 1000), new Frame.Fin(1, 0));
        stream.nextBytes(1000);
        assertSame(StreamRecorder.FINISH, stream.next());
        stream.finish();

        run.lane().close(CloseReason.CLOSED, "");
        run.peer().expectEnd();

        assertEquals(0, stream.heardMore());
        stream.consumed(1000);
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }

    @Test
    void overTheBudgetNewStreamsBeginAtTheirFloorAndThePeerIsTold() throws Exception {
        bench.close();
        bench = new LaneBench(new LaneOptions(
                64 * 1024, 16 * 1024, 64 * 1024, 150_000, Duration.ofSeconds(30), Duration.ofSeconds(30)));
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();

        run.accept(1); // Takes 48 KiB: 100,848 bytes are left.
        run.settle(); // The peer is told nothing yet.
        run.accept(3); // 51,696 are left: less than a window.

        assertEquals(new Frame.Credit(0, 16 * 1024), run.peer().expect(Frame.Credit.class));
        run.open();
        assertEquals(65536, run.peer().expect(Frame.Open.class).receiveWindowBytes()); // The last that is left.
        run.open();
        assertEquals(16384, run.peer().expect(Frame.Open.class).receiveWindowBytes());
        run.peer().send(new Frame.Open(5, LaneBench.REQUEST, 1000, 16 * 1024));
        run.handler().nextStream();
        run.peer()
                .send(
                        new Frame.Reset(1, CloseReason.CANCELLED, 0, ""),
                        new Frame.Reset(3, CloseReason.CANCELLED, 0, ""));
        run.peer().send(new Frame.Open(7, LaneBench.REQUEST, 1000, 16 * 1024));
        assertEquals(new Frame.Credit(0, 64 * 1024), run.peer().expect(Frame.Credit.class));
    }

    @Test
    void whatThePeerAnnouncesIsWhatTheNextStreamsTake() throws Exception {
        LaneBench.Run run = bench.start();

        run.peer().send(new Frame.Credit(0, 5));
        run.settle();
        StreamRecorder stream = run.open().write("0123456789");

        assertEquals(5, run.peer().expect(Frame.Open.class).sendWindowBytes());
        assertEquals("01234", run.peer().expectText(2, 5));
        run.settle();
        stream.reset(CloseReason.CANCELLED);
    }

    @Test
    void theStreamThatStoodStillTheLongestIsGivenUp() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder first = run.accept(1);
        StreamRecorder second = run.accept(3);
        StreamRecorder idle = run.accept(5);
        run.peer().send(data(1, 10));
        first.nextBytes(10);
        run.peer().send(data(3, 10));
        second.nextBytes(10);
        long now = System.nanoTime();

        bench.budget.shortage(now + Duration.ofSeconds(9).toNanos());
        run.settle(); // Not long enough.
        bench.budget.shortage(now + Duration.ofSeconds(12).toNanos());

        Frame.Reset reset = run.peer().expect(Frame.Reset.class);
        assertEquals(1, reset.streamId());
        assertEquals(CloseReason.OVERLOADED, reset.reason());
        assertEquals(CloseReason.OVERLOADED, first.nextReset().reason());
        assertEquals(0, second.heardMore() + idle.heardMore());
    }

    @Test
    void aFinishedStreamThatNobodyReadsIsGivenUpToo() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder stream = run.accept(1);
        run.peer().send(data(1, 10), new Frame.Fin(1, 0));
        stream.nextBytes(10);
        assertSame(StreamRecorder.FINISH, stream.next());
        stream.finish();
        run.peer().expect(Frame.Fin.class);

        bench.budget.shortage(System.nanoTime() + Duration.ofSeconds(12).toNanos());

        assertEquals(CloseReason.OVERLOADED, stream.nextReset().reason());
        run.settle(); // The peer hears nothing: to it, the stream is long over.
        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
    }
}

package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.lane.LaneTransport;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameReader;
import dev.culvert.wire.FrameWriter;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One end of a link, with a bus that a test plays. */
class LinkTransportTest {
    private static final StreamRequest REQUEST = new StreamRequest("host:a", StreamRequest.Kind.TCP, "", 0, 0);

    private final EventLoop loop = new DefaultEventLoop();
    private final BlockingQueue<Integer> doubts = new LinkedBlockingQueue<>();
    private final Bus bus = new Bus();
    private final Lane lane = new Lane();
    private final LinkTransport transport =
            new LinkTransport(loop, bus, "a", "b", 11, 22, () -> doubts.add(lane.ends.size())).to(lane);

    @AfterEach
    void stop() throws Exception {
        onLoop(transport::close);
        bus.all.forEach(sent -> sent.written.tryComplete());
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
    }

    @Test
    void framesOfOneTurnAreOneMessage() throws Exception {
        onLoop(() -> {
            transport.write(new Frame.Open(1, REQUEST, 1000, 1000));
            transport.write(new Frame.Data(1, bytes(100)));
            transport.write(new Frame.Fin(1, 0));
            transport.flush();
            transport.flush();
        });
        LinkMessage message = bus.next().message;
        assertEquals(1, message.sequence());
        assertEquals(11, message.senderEpoch());
        assertEquals(22, message.receiverEpoch());
        onLoop(() -> transport.write(new Frame.Fin(3, 0)));
        onLoop(transport::flush);
        assertEquals(2, bus.next().message.sequence());
    }

    @Test
    void messagesOfALongBodyAreFullAndNoLargerThanTheyShouldBe() throws Exception {
        // When frames come that do not fit together, behind a small one
        onLoop(() -> {
            transport.write(new Frame.Fin(3, 0));
            for (int i = 0; i < 10; i++) {
                transport.write(new Frame.Data(1, bytes(Frame.MAX_DATA_BYTES)));
            }
            transport.flush();
        });
        // Then all of it comes, in order, and only the last message has room left
        int data = 0;
        FrameReader reader = new FrameReader();
        List<Integer> sizes = new ArrayList<>();
        while (data < 10 * Frame.MAX_DATA_BYTES) {
            ByteBuf body = bus.next().message.body();
            sizes.add(body.readableBytes());
            List<Frame> frames = new ArrayList<>();
            reader.read(body.duplicate(), frames::add);
            assertTrue(reader.betweenFrames());
            for (Frame frame : frames) {
                if (frame instanceof Frame.Data piece) {
                    data += piece.payload().readableBytes();
                    piece.payload().release();
                }
            }
        }
        int last = sizes.remove(sizes.size() - 1);
        assertTrue(last <= LinkTransport.MESSAGE_BYTES, "the last message has %d bytes".formatted(last));
        for (int size : sizes) {
            assertTrue(size <= LinkTransport.MESSAGE_BYTES, "a message has %d bytes".formatted(size));
            assertTrue(size > LinkTransport.MESSAGE_BYTES - 5 * 1024, "a message has only %d bytes".formatted(size));
        }
    }

    @Test
    void streamsWaitWhileTheBusHasNotWrittenWhatItWasGiven() throws Exception {
        int pieces = LinkTransport.HIGH_WATER_BYTES / (32 * 1024);
        for (int i = 0; i < pieces; i++) {
            onLoop(() -> {
                assertTrue(transport.isWritable());
                transport.write(new Frame.Data(1, bytes(32 * 1024)));
                transport.flush();
            });
        }
        onLoop(() -> assertFalse(transport.isWritable()));
        // When half of it is written, and no less
        for (int i = 0; i < pieces / 2; i++) {
            assertTrue(lane.rooms.isEmpty());
            bus.next().written.complete();
        }
        bus.next().written.complete();
        assertEquals("room", lane.rooms.poll(10, TimeUnit.SECONDS));
        onLoop(() -> assertTrue(transport.isWritable()));
        assertFalse(transport.isOverrun());
    }

    @Test
    void bodyIsReleasedOnceItIsWrittenOrHasFailed() throws Exception {
        ByteBuf written = bytes(10);
        ByteBuf failed = bytes(10);
        onLoop(() -> transport.write(new Frame.Data(1, written)));
        onLoop(transport::flush);
        onLoop(() -> transport.write(new Frame.Data(1, failed)));
        onLoop(transport::flush);
        bus.next().written.complete();
        assertEquals(0, written.refCnt());
        bus.next().written.fail(new IOException("broken"));
        assertEquals(0, failed.refCnt());
        assertEquals("the event bus failed: broken", lane.ends.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void messageThatNeverLeftProvesThatItsStreamsWereNotServed() throws Exception {
        open(1);
        bus.next().written.complete();
        open(3);
        open(5);
        bus.next().written.fail(new ReplyException(ReplyFailure.NO_HANDLERS));
        Frame.GoAway goAway = (Frame.GoAway) lane.frames.poll(10, TimeUnit.SECONDS);
        assertEquals(1, goAway.lastStreamId());
        // Then the doubt came first
        assertEquals(0, doubts.remove());
        assertTrue(goAway.endsLane());
        assertTrue(lane.ends.poll(10, TimeUnit.SECONDS).startsWith("the event bus failed"));
    }

    @Test
    void failuresThatComeInAnotherOrderProveAsMuch() throws Exception {
        open(1);
        open(3);
        Sent first = bus.next();
        Sent second = bus.next();
        second.written.fail(new ReplyException(ReplyFailure.NO_HANDLERS));
        onLoop(() -> assertTrue(lane.ends.isEmpty()));
        first.written.fail(new ReplyException(ReplyFailure.NO_HANDLERS));
        assertEquals(0, ((Frame.GoAway) lane.frames.poll(10, TimeUnit.SECONDS)).lastStreamId());
        assertTrue(lane.ends.poll(10, TimeUnit.SECONDS).startsWith("the event bus failed"));
    }

    @Test
    void brokenConnectionProvesNothing() throws Exception {
        open(1);
        bus.next().written.fail(new IOException("connection reset"));
        assertEquals("the event bus failed: connection reset", lane.ends.poll(10, TimeUnit.SECONDS));
        assertTrue(lane.frames.isEmpty());
    }

    @Test
    void peerThatEndsTheLinkSaysWhichStreamsItHasNotSeen() throws Exception {
        open(1);
        open(3);
        open(5);
        LinkMessage.Closing why = new LinkMessage.Closing(CloseReason.CLOSED, "it is over");
        onLoop(() -> transport.closedByPeer(message(LinkMessage.Kind.CLOSED, 0, 2, why.toBody())));
        assertEquals(3, ((Frame.GoAway) lane.frames.poll(10, TimeUnit.SECONDS)).lastStreamId());
        assertEquals("it is over", lane.ends.poll(10, TimeUnit.SECONDS));
        // Then it lives
        onLoop(transport::close);
        assertTrue(doubts.isEmpty());
    }

    @Test
    void gapEndsTheLinkAndNothingBehindItIsRead() throws Exception {
        onLoop(() -> transport.receive(message(LinkMessage.Kind.FRAMES, 1, 0, fin(1))));
        onLoop(() -> transport.receive(message(LinkMessage.Kind.FRAMES, 3, 0, fin(3))));
        assertEquals(1, lane.frames.poll(10, TimeUnit.SECONDS).streamId());
        assertTrue(lane.ends.poll(10, TimeUnit.SECONDS).contains("some were lost"));
        assertTrue(lane.frames.isEmpty());
    }

    @Test
    void messageThatEndsWithinAFrameIsMalformed() throws Exception {
        ByteBuf cut = fin(1);
        cut.writerIndex(cut.writerIndex() - 1);
        onLoop(() -> transport.receive(message(LinkMessage.Kind.FRAMES, 1, 0, cut)));
        assertEquals("a message ended within a frame", lane.faults.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void acknowledgementOfWhatWasNeverSentIsMalformed() throws Exception {
        onLoop(() -> transport.receive(message(LinkMessage.Kind.FRAMES, 1, 1, Unpooled.EMPTY_BUFFER)));
        assertTrue(lane.faults.poll(10, TimeUnit.SECONDS).contains("is acknowledged"));
    }

    @Test
    void openIsAcknowledgedSoonThoughNothingElseIsToBeSaid() throws Exception {
        ByteBuf open = FrameWriter.write(new Frame.Open(2, REQUEST, 1000, 1000), UnpooledByteBufAllocator.DEFAULT);
        long before = System.nanoTime();
        onLoop(() -> transport.receive(message(LinkMessage.Kind.FRAMES, 1, 0, open)));
        LinkMessage answer = bus.next().message;
        assertEquals(1, answer.acknowledged());
        assertEquals(0, answer.body().readableBytes());
        assertTrue(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before) < 1000);
        open.release();
    }

    @Test
    void openWithoutAnAcknowledgementFailsAloneAndThePeerIsTold() throws Exception {
        open(1);
        bus.next().written.complete();
        Frame.Reset reset = (Frame.Reset) lane.frames.poll(10, TimeUnit.SECONDS);
        assertEquals(1, reset.streamId());
        assertFalse(doubts.isEmpty());
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertEquals(Frame.Reset.ANYTHING_DELIVERED, reset.deliveredBytes());
        assertEquals(2, bus.next().message.sequence());
        assertTrue(lane.ends.isEmpty());
    }

    private void open(int streamId) throws Exception {
        onLoop(() -> {
            transport.write(new Frame.Open(streamId, REQUEST, 1000, 1000));
            transport.flush();
        });
    }

    private static LinkMessage message(LinkMessage.Kind kind, long sequence, long acknowledged, ByteBuf body) {
        return new LinkMessage(LinkMessage.VERSION, kind, "b", "a", 22, 11, sequence, acknowledged, body);
    }

    private static ByteBuf fin(int streamId) {
        ByteBuf pooled = FrameWriter.write(new Frame.Fin(streamId, 0), UnpooledByteBufAllocator.DEFAULT);
        ByteBuf heap = Unpooled.copiedBuffer(pooled);
        pooled.release();
        return heap;
    }

    private static ByteBuf bytes(int count) {
        return Unpooled.buffer(count).writeZero(count);
    }

    private void onLoop(Runnable task) throws Exception {
        loop.submit(task).get(10, TimeUnit.SECONDS);
    }

    /** A message that was handed to the bus. */
    private record Sent(LinkMessage message, Promise<Void> written) {}

    private static final class Bus implements LinkTransport.Bus {
        final BlockingQueue<Sent> sent = new LinkedBlockingQueue<>();
        /** Also those that a test has taken: whoever sends waits until they are written, and releases them then. */
        final List<Sent> all = new CopyOnWriteArrayList<>();

        @Override
        public Future<Void> send(LinkMessage message) {
            Promise<Void> written = Promise.promise();
            Sent handed = new Sent(message, written);
            all.add(handed);
            sent.add(handed);
            return written.future();
        }

        Sent next() throws InterruptedException {
            Sent next = sent.poll(10, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("nothing was handed to the bus");
            }
            return next;
        }
    }

    private static final class Lane implements LaneTransport.Receiver {
        final BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();
        final BlockingQueue<String> faults = new LinkedBlockingQueue<>();
        final BlockingQueue<String> rooms = new LinkedBlockingQueue<>();
        final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

        @Override
        public void received(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void concluded(Frame frame) {
            frames.add(frame);
        }

        @Override
        public void malformed(String detail) {
            faults.add(detail);
        }

        @Override
        public void writabilityChanged() {
            rooms.add("room");
        }

        @Override
        public void ended(String detail) {
            ends.add(detail);
        }
    }
}

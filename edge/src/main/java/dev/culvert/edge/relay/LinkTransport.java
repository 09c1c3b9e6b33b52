package dev.culvert.edge.relay;

import dev.culvert.edge.relay.LinkMessage.Closing;
import dev.culvert.edge.relay.LinkMessage.Kind;
import dev.culvert.lane.LaneTransport;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameReader;
import dev.culvert.wire.FrameWriter;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Carries the frames of a link as messages of the event bus: those that are written in one turn of the event loop go
 * together. Messages are counted, so that a lost one ends the link instead of tearing a hole into a stream. That the
 * lane pings each half second makes a lost last message as visible as any other: the ping's own number shows it.
 *
 * <p>Runs on the relay's event loop.
 */
final class LinkTransport implements LaneTransport {
    /**
     * Bytes of frames in one message: with the bus's head and the link's, which have about 250 bytes, no more than the
     * 64 KiB that the other node reads at a time. A message of two reads costs Vert.x twice as many copies.
     */
    static final int MESSAGE_BYTES = 64 * 1024 - 512;

    /** The smallest piece that a frame's data is cut into for the sake of a full message. */
    private static final int LEAST_PIECE_BYTES = 4 * 1024;

    /**
     * What may be handed to the bus and not be written to its socket, in bytes, before streams have to wait: four
     * messages, so that the socket never runs dry. The bus itself would take anything.
     */
    static final int HIGH_WATER_BYTES = 256 * 1024;

    /** Where streams may go on. */
    static final int LOW_WATER_BYTES = 128 * 1024;

    /** What may wait in all, control frames included, in bytes: a bus that does not move is given up. */
    private static final int MOST_UNWRITTEN_BYTES = 16 * 1024 * 1024;

    /** How long an OPEN may go without an acknowledgement, which comes each half second at least. */
    static final long OPEN_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** When an OPEN is acknowledged on its own, because nothing else went back: well before its sender gives it up. */
    private static final long ACKNOWLEDGE_MILLIS = 100;

    /** Hands messages to the event bus. */
    interface Bus {
        /** Completes once the message is written to a socket, which is all that the bus ever knows of it. */
        Future<Void> send(LinkMessage message);
    }

    private final EventLoop loop;
    private final Bus bus;
    private final String self;
    private final String peer;
    private final int epoch;
    private final Runnable doubt;
    private final FrameReader reader = new FrameReader();
    private final UnansweredOpens opens = new UnansweredOpens();
    private final Promise<Void> answered = Promise.promise();
    private final Promise<Void> stands = Promise.promise();
    private @Nullable Receiver lane;

    private List<ByteBuf> batch = new ArrayList<>();
    private int batchBytes;
    private int unwrittenBytes;
    /** The messages that were handed to the bus and not written, by sequence. */
    private final NavigableSet<Long> unwritten = new TreeSet<>();

    private @Nullable Throwable failure;
    private long firstNeverLeft = Long.MAX_VALUE;
    private boolean full;
    private int peerEpoch;
    private long sent;
    private long received;
    private long acknowledgedToPeer;
    private boolean opensWatched;
    private boolean acknowledgeScheduled;
    private boolean peerKnows;
    private boolean closed;

    /**
     * @param epoch the number of this link among those of this node
     * @param peerEpoch its number among the other node's; 0 when that one has not said yet
     * @param doubt called when the other node has failed to do its part, before streams hear of it: whoever tries again
     *     should know
     */
    LinkTransport(EventLoop loop, Bus bus, String self, String peer, int epoch, int peerEpoch, Runnable doubt) {
        this.loop = loop;
        this.bus = bus;
        this.self = self;
        this.peer = peer;
        this.epoch = epoch;
        this.peerEpoch = peerEpoch;
        this.doubt = doubt;
    }

    /** Gives the transport its lane. */
    LinkTransport to(Receiver receiver) {
        lane = receiver;
        return this;
    }

    private Receiver lane() {
        return Objects.requireNonNull(lane);
    }

    /** Completes once the other node has said something; fails when the link ends before. */
    Future<Void> answered() {
        return answered.future();
    }

    /** Completes once the other node has shown that it hears this one; fails when the link ends before. */
    Future<Void> stands() {
        return stands.future();
    }

    /** The number of this link among the other node's; 0 while it is not known. */
    int peerEpoch() {
        return peerEpoch;
    }

    /** The last message that was read; final once the link has ended. */
    long lastRead() {
        return received;
    }

    @Override
    public EventLoop eventLoop() {
        return loop;
    }

    @Override
    public void write(Frame frame) {
        if (closed) {
            if (frame instanceof Frame.Data data) {
                data.payload().release();
            }
            return;
        }
        if (frame instanceof Frame.Data data) {
            writeData(data);
            return;
        }
        ByteBuf head = FrameWriter.write(frame, ByteBufAllocator.DEFAULT);
        if (batchBytes > 0 && batchBytes + head.readableBytes() > MESSAGE_BYTES) {
            flush();
        }
        add(head);
        if (frame instanceof Frame.Open open) {
            opens.add(sent + 1, open.streamId(), System.nanoTime());
            watchOpens();
        }
    }

    /** Fills messages to their end, so that each of a long body's comes in one read. */
    private void writeData(Frame.Data data) {
        ByteBuf payload = data.payload();
        int room = MESSAGE_BYTES - batchBytes - Frame.HEADER_BYTES;
        while (payload.readableBytes() > room) {
            if (room >= LEAST_PIECE_BYTES) {
                addData(new Frame.Data(data.streamId(), payload.readRetainedSlice(room)));
            }
            flush();
            room = MESSAGE_BYTES - Frame.HEADER_BYTES;
        }
        addData(data);
    }

    private void addData(Frame.Data data) {
        add(FrameWriter.write(data, ByteBufAllocator.DEFAULT));
        add(data.payload());
    }

    private void add(ByteBuf bytes) {
        batch.add(bytes);
        batchBytes += bytes.readableBytes();
    }

    @Override
    public void flush() {
        if (batchBytes > 0) {
            send();
        }
    }

    @Override
    public boolean isWritable() {
        full |= unwrittenBytes + batchBytes >= HIGH_WATER_BYTES;
        return !full;
    }

    @Override
    public boolean isOverrun() {
        return unwrittenBytes + batchBytes > MOST_UNWRITTEN_BYTES;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (peerKnows) {
            takeBatch().release();
        } else {
            doubt.run();
            flush();
            // Nothing that arrives from here on is looked at, so what is acknowledged here is final.
            hand(message(Kind.CLOSED, 0, new Closing(CloseReason.CLOSED, "the other node ended the link").toBody()));
        }
        closed = true;
        answered.tryFail("the node did not answer");
        stands.tryFail("the node did not show that it hears this one");
        opens.clear();
        reader.close();
    }

    /** A message of this link arrived. */
    void receive(LinkMessage message) {
        if (closed) {
            return;
        }
        peerEpoch = message.senderEpoch();
        answered.tryComplete();
        if (message.receiverEpoch() != 0) {
            stands.tryComplete();
        }
        if (message.acknowledged() > sent) {
            lane().malformed("message %d is acknowledged, and %d were sent".formatted(message.acknowledged(), sent));
            return;
        }
        opens.acknowledged(message.acknowledged());
        if (message.sequence() != received + 1) {
            lane().ended("message %d of the event bus came after %d: some were lost"
                    .formatted(message.sequence(), received));
            return;
        }
        received = message.sequence();
        try {
            reader.read(message.body(), this::deliver);
            if (!closed && !reader.betweenFrames()) {
                lane().malformed("a message ended within a frame");
            }
        } catch (MalformedFrameException e) {
            lane().malformed(String.valueOf(e.getMessage()));
        }
    }

    /** The other node knows the link no more, and says how far it came: it lives, and a new link may begin at once. */
    void closedByPeer(LinkMessage message) {
        peerKnows = true;
        Closing closing = message.closing();
        if (closing.reason() == CloseReason.VERSION_MISMATCH) {
            doubt.run(); // Nor would it understand a new one.
        }
        if (message.acknowledged() != LinkMessage.UNKNOWN) {
            notServedFrom(message.acknowledged() + 1, closing.detail());
        }
        lane().ended(closing.detail());
    }

    /** The other node is no member any more. */
    void peerLeft() {
        peerKnows = true;
        lane().ended("the other node has left the cluster");
    }

    private void deliver(Frame frame) {
        if (frame instanceof Frame.GoAway goAway && goAway.endsLane()) {
            peerKnows = true;
            if (goAway.reason() == CloseReason.CLOSED) {
                doubt.run(); // It lives not much longer.
            }
        }
        if (frame instanceof Frame.Open && !acknowledgeScheduled) {
            acknowledgeScheduled = true;
            loop.schedule(this::acknowledge, ACKNOWLEDGE_MILLIS, TimeUnit.MILLISECONDS);
        }
        lane().received(frame);
    }

    private void acknowledge() {
        acknowledgeScheduled = false;
        if (!closed && acknowledgedToPeer < received) {
            send();
        }
    }

    private void watchOpens() {
        if (!opensWatched && !opens.isEmpty()) {
            opensWatched = true;
            long now = System.nanoTime();
            long wait = opens.oldestNanos(now) + OPEN_NANOS - now;
            loop.schedule(this::giveUpOpens, Math.max(0, wait), TimeUnit.NANOSECONDS);
        }
    }

    private void giveUpOpens() {
        opensWatched = false;
        List<Integer> unanswered = opens.takeOlderThan(System.nanoTime() - OPEN_NANOS);
        if (!unanswered.isEmpty()) {
            doubt.run();
        }
        if (!unanswered.isEmpty() && peerEpoch == 0) {
            // Its very first message was lost, or the node is gone: nothing that is sent behind that will be read.
            lane().ended("the other node did not answer within a second");
            return;
        }
        for (int streamId : unanswered) {
            String detail = "the other node did not answer within a second";
            // It may get to it yet: it must not begin what nobody waits for.
            write(new Frame.Reset(streamId, CloseReason.CANCELLED, 0, detail));
            lane().concluded(new Frame.Reset(streamId, CloseReason.LANE_LOST, Frame.Reset.ANYTHING_DELIVERED, detail));
        }
        flush();
        watchOpens();
    }

    private void send() {
        sent++;
        acknowledgedToPeer = received;
        hand(message(Kind.FRAMES, sent, takeBatch()));
    }

    private ByteBuf takeBatch() {
        ByteBuf frames = Unpooled.wrappedBuffer(batch.toArray(ByteBuf[]::new));
        batch = new ArrayList<>();
        batchBytes = 0;
        return frames;
    }

    private LinkMessage message(Kind kind, long sequence, ByteBuf body) {
        return new LinkMessage(LinkMessage.VERSION, kind, self, peer, epoch, peerEpoch, sequence, received, body);
    }

    private void hand(LinkMessage message) {
        int size = message.body().readableBytes();
        unwrittenBytes += size;
        unwritten.add(message.sequence());
        bus.send(message).onComplete(done -> {
            message.body().release();
            loop.execute(() -> written(size, message.sequence(), done.cause()));
        });
    }

    private void written(int size, long sequence, @Nullable Throwable cause) {
        unwrittenBytes -= size;
        unwritten.remove(sequence);
        if (closed) {
            return;
        }
        if (cause != null) {
            failure = failure == null ? cause : failure;
            if (neverLeft(cause)) {
                firstNeverLeft = Math.min(firstNeverLeft, sequence);
            }
        }
        if (failure != null) {
            // Failures come in any order: what is still open may be the earlier one, which proves more.
            if (unwritten.isEmpty() || unwritten.first() > Math.min(sequence, firstNeverLeft)) {
                failed(failure);
            }
        } else if (full && unwrittenBytes + batchBytes <= LOW_WATER_BYTES) {
            full = false;
            lane().writabilityChanged();
        }
    }

    private void failed(Throwable cause) {
        doubt.run();
        if (firstNeverLeft != Long.MAX_VALUE) {
            notServedFrom(firstNeverLeft, "the other node cannot be reached");
        }
        lane().ended("the event bus failed: " + cause.getMessage());
    }

    /** Whether it is certain that the message did not reach the other node, so that it never reads the later ones. */
    private static boolean neverLeft(Throwable failure) {
        return failure instanceof ConnectException
                || (failure instanceof ReplyException reply && reply.failureType() == ReplyFailure.NO_HANDLERS);
    }

    /** Nothing of the messages from this one on was or will be read: their streams may be tried elsewhere. */
    private void notServedFrom(long sequence, String detail) {
        int last = opens.lastStreamBefore(sequence);
        // With a reason that ends the lane: one that lets it go on would say that the other node is about to stop.
        lane().concluded(new Frame.GoAway(CloseReason.LANE_LOST, last, List.of(), detail));
    }
}

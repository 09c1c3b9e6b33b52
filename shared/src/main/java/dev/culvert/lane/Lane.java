package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.MalformedFrameException;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.vertx.core.net.NetSocket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection between an agent and an edge; it carries many streams.
 *
 * <p>Streams with bytes waiting take turns in small pieces whenever the transport has room; all other frames are queued
 * at once and so overtake the data of other streams, never that of their own (the FIN is sent with a stream's last
 * turn).
 *
 * <pre>
 *   greeting ──{@link #established}──► established ──{@link #goAway}, the peer's, or both──► going away ──► closed
 * </pre>
 *
 * Runs on the event loop of its transport; methods that say so may be called by any thread.
 */
public final class Lane {
    /** Why a stream is refused for which there is no heap. */
    private static final String FULL = "as many streams are open as there is memory for";

    private static final Logger LOGGER = LoggerFactory.getLogger(Lane.class);

    /** Who this end is: the dialer's streams have odd ids, the acceptor's even ones. */
    public enum Side {
        DIALER,
        ACCEPTOR
    }

    /** Bytes that a stream sends in one turn while others wait: small enough that a hundred of them are soon through. */
    private static final int TURN_BYTES = 16 * 1024;

    private final LaneOptions options;
    private final WindowBudget budget;
    private final Handler handler;
    private final LaneTransport transport;
    private final KeepAlive keepAlive;
    private final IntObjectMap<LaneStream> streams = new IntObjectHashMap<>();
    private final ArrayDeque<LaneStream> turns = new ArrayDeque<>();
    private final AtomicInteger load = new AtomicInteger();
    private final int parity;

    private boolean established;

    /** We said GOAWAY: the peer's new streams are refused. */
    private boolean refusesStreams;

    /** The peer said GOAWAY: ours would be. */
    private volatile boolean peerRefusesStreams;

    private volatile boolean closed;
    private volatile boolean idsExhausted;
    private boolean takingTurns;
    private final Runnable flushing = this::flush;
    private boolean flushScheduled;
    private boolean overrun;
    private int nextStreamId;
    private int lastPeerStreamId;
    private int lastServedStreamId;
    private int peerNewStreamWindowBytes;
    private int announcedWindowBytes;
    private boolean reportsWanted;

    private Lane(
            Function<Lane, LaneTransport> transport,
            Side side,
            LaneOptions options,
            WindowBudget budget,
            Handler handler) {
        this.options = options;
        this.budget = budget;
        this.handler = handler;
        this.parity = side == Side.DIALER ? 1 : 0;
        this.nextStreamId = side == Side.DIALER ? 1 : 2;
        this.announcedWindowBytes = options.streamWindowBytes();
        this.keepAlive = new KeepAlive(this, options);
        this.transport = transport.apply(this);
    }

    /**
     * Runs a lane on a connection that nothing has been read from yet. Called on the socket's event loop, in the handler
     * that was given the socket. A lane that is not {@linkplain #established established} within the handshake's
     * time-out is closed.
     */
    public static Lane on(NetSocket socket, Side side, LaneOptions options, WindowBudget budget, Handler handler) {
        return on(Sockets.takeOver(socket), side, options, budget, handler);
    }

    /**
     * The same on a channel that was {@linkplain Sockets#takeOver taken over} and whose handlers so far turn what comes
     * into bytes of frames, and take such bytes: TLS and WebSockets. Called on its event loop, before any such byte was
     * read.
     */
    public static Lane on(Channel channel, Side side, LaneOptions options, WindowBudget budget, Handler handler) {
        Lane lane = new Lane(opened -> new ChannelTransport(channel, opened, options), side, options, budget, handler);
        lane.eventLoop()
                .schedule(lane::checkEstablished, options.handshakeTimeout().toNanos(), TimeUnit.NANOSECONDS);
        return lane;
    }

    /**
     * Runs a lane that needs no greeting, because both ends know each other: it is established at once. Both begin with
     * windows of {@link LaneOptions#streamWindowBytes()}, which must be the same at both ends. Any thread.
     *
     * @param transport makes the transport, which tells the lane what arrives through the receiver that it is given,
     *     and not before this method has returned
     */
    public static Lane over(
            Function<LaneTransport.Receiver, LaneTransport> transport,
            Side side,
            LaneOptions options,
            WindowBudget budget,
            Handler handler) {
        Lane lane = new Lane(opened -> transport.apply(opened.new Arrivals()), side, options, budget, handler);
        lane.established = true;
        lane.peerNewStreamWindowBytes = options.streamWindowBytes();
        lane.reportsWanted = true;
        lane.eventLoop().execute(() -> {
            if (!lane.closed) {
                lane.keepAlive.start();
            }
        });
        return lane;
    }

    /** The thread that owns the lane. */
    public EventLoop eventLoop() {
        return transport.eventLoop();
    }

    /** Sends a frame of the handshake. Any thread. */
    public void send(Frame.OfLane frame) {
        onLoop(() -> write(frame));
    }

    /**
     * The handshake is over: streams may be opened, and a peer that is silent is given up. On the event loop.
     *
     * @param peerWindowBytes how much may be sent on a new stream, as the peer said
     * @param wantsReports whether the peer wants to hear of finished exchanges
     */
    public void established(int peerWindowBytes, boolean wantsReports) {
        established = true;
        peerNewStreamWindowBytes = peerWindowBytes;
        reportsWanted = wantsReports;
        if (!closed) {
            keepAlive.start();
        }
    }

    /**
     * Opens a stream; costs no round trip. A lane that takes no more streams shows as a reset.
     *
     * @param visitorLoop owns the stream; the caller is on it
     */
    public TunnelStream open(StreamRequest request, EventLoop visitorLoop) {
        load.incrementAndGet();
        if (visitorLoop == eventLoop()) {
            return openHere(request);
        }
        HopStream hop = new HopStream(visitorLoop, eventLoop());
        eventLoop().execute(() -> hop.attach(openHere(request)));
        return hop;
    }

    /** How many streams are open. Any thread. */
    public int load() {
        return load.get();
    }

    /** Whether streams may be opened here: the peer is not going away, and there are ids left. Any thread. */
    public boolean takesStreams() {
        return !peerRefusesStreams && !closed && !idsExhausted;
    }

    /**
     * Takes no more streams of the peer; those that are open go on. Ours may still be opened, until the peer goes away
     * too. Any thread.
     *
     * @param reason one with which they {@linkplain Frame.GoAway#letsStreamsFinish may}: with all others the peer ends
     *     the lane, which {@link #close} is for
     */
    public void goAway(CloseReason reason, String detail) {
        if (!Frame.GoAway.letsStreamsFinish(reason)) {
            throw new IllegalArgumentException("%s ends the lane".formatted(reason));
        }
        onLoop(() -> {
            if (!closed) {
                refusesStreams = true;
                write(new Frame.GoAway(reason, lastServedStreamId, delivered(), detail));
            }
        });
    }

    /** Says why with a GOAWAY and ends the lane and all its streams. Any thread. */
    public void close(CloseReason reason, String detail) {
        onLoop(() -> {
            if (!closed) {
                write(new Frame.GoAway(reason, lastServedStreamId, delivered(), detail));
                end(reason, detail);
            }
        });
    }

    /**
     * Hears what the peer does. Called on the lane's event loop. What throws is a mistake of ours: it is logged, and the
     * stream that it was about is reset, or the lane closed.
     */
    public interface Handler {
        /** A frame of the handshake, or a GOAWAY; one that {@linkplain Frame.GoAway#endsLane() ends the lane} comes last. */
        void onFrame(Frame.OfLane frame);

        /** The peer opened a stream; to be served, or reset. Its first bytes wait for {@link TunnelStream#listen}. */
        void onStream(TunnelStream stream, StreamRequest request);

        /** The peer tells about a finished exchange. */
        void onExchange(Exchange exchange);

        /** The lane ended, for the first reason there was. Called once, after its streams have been reset. */
        void onClosed(CloseReason reason, String detail);
    }

    // What follows is called by the lane's streams, its transport and its keep-alive, on the event loop.

    void receive(Frame frame) {
        if (closed) {
            if (frame instanceof Frame.Data data) {
                data.payload().release();
            }
            return;
        }
        keepAlive.received(frame);
        handle(frame);
    }

    private void handle(Frame frame) {
        try {
            dispatch(frame);
        } catch (MalformedFrameException e) {
            close(CloseReason.PROTOCOL_ERROR, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            failed(frame, e);
        }
    }

    private void failed(Frame frame, RuntimeException cause) {
        LOGGER.atError().addKeyValue("stream", frame.streamId()).setCause(cause).log("frame's handler failed; ended");
        LaneStream stream = streams.get(frame.streamId());
        if (stream == null) {
            close(CloseReason.INTERNAL, "internal error");
        } else {
            write(new Frame.Reset(stream.id(), CloseReason.INTERNAL, stream.deliveredBytes(), "internal error"));
            end(stream, new StreamReset(CloseReason.INTERNAL, StreamReset.UNKNOWN, "internal error"));
        }
    }

    private void dispatch(Frame frame) {
        if (frame instanceof Frame.Data data) {
            LaneStream stream = streamOf(data);
            if (stream == null) {
                data.payload().release();
            } else {
                stream.received(data.payload());
            }
        } else if (frame instanceof Frame.Credit credit) {
            receiveCredit(credit);
        } else if (frame instanceof Frame.Open open) {
            receiveOpen(open);
        } else if (frame instanceof Frame.Fin fin) {
            LaneStream stream = streamOf(fin);
            if (stream != null) {
                stream.receivedFin();
            }
        } else if (frame instanceof Frame.Reset reset) {
            LaneStream stream = streamOf(reset);
            if (stream != null) {
                stream.endBecause(StreamReset.of(reset));
            }
        } else if (frame instanceof Frame.Event event) {
            LaneStream stream = streams.get(event.streamId());
            if (stream != null) {
                stream.receivedReport(event.exchange());
            }
            handler.onExchange(event.exchange());
        } else if (frame instanceof Frame.GoAway goAway) {
            receiveGoAway(goAway);
        } else if (frame instanceof Frame.OfLane ofLane
                && !(frame instanceof Frame.Ping)
                && !(frame instanceof Frame.Pong)) {
            handler.onFrame(ofLane);
        }
    }

    /** The frame's stream; null when it is over, and its last frames crossed with ours. */
    private @Nullable LaneStream streamOf(Frame frame) {
        int id = frame.streamId();
        LaneStream stream = streams.get(id);
        if (stream == null && neverOpened(id)) {
            if (frame instanceof Frame.Data data) {
                data.payload().release();
            }
            throw new MalformedFrameException("stream %d was never opened".formatted(id));
        }
        return stream;
    }

    private boolean neverOpened(int id) {
        return (id & 1) == parity ? id >= nextStreamId && !idsExhausted : id > lastPeerStreamId;
    }

    private void receiveOpen(Frame.Open open) {
        int id = open.streamId();
        if (!established) {
            throw new MalformedFrameException("a stream was opened before the handshake was over");
        }
        if ((id & 1) == parity || id <= lastPeerStreamId) {
            throw new MalformedFrameException("stream id %d is not the peer's to open now".formatted(id));
        }
        if (open.sendWindowBytes() > options.streamWindowBytes()) {
            throw new MalformedFrameException(
                    "stream %d takes a window of %d bytes that nobody gave it".formatted(id, open.sendWindowBytes()));
        }
        lastPeerStreamId = id; // Of a refused one too: its first bytes are on their way.
        if (refusesStreams || budget.isFull()) {
            CloseReason why = refusesStreams ? CloseReason.DRAINING : CloseReason.OVERLOADED;
            write(new Frame.Reset(id, why, 0, refusesStreams ? "takes no new streams" : FULL));
            return;
        }
        if (open.request().kind() == StreamRequest.Kind.UNKNOWN) {
            write(new Frame.Reset(id, CloseReason.NOT_HELD, 0, "what its visitor speaks is not known here"));
            return;
        }
        lastServedStreamId = id;
        long aboveFloor = Math.max(0, open.sendWindowBytes() - options.floorWindowBytes());
        budget.take(aboveFloor);
        LaneStream stream = add(id, open.sendWindowBytes(), aboveFloor, open.receiveWindowBytes());
        load.incrementAndGet();
        announceWindow();
        handler.onStream(stream, open.request());
    }

    /** Tells the peer what its next streams may begin with, when that has changed. */
    private void announceWindow() {
        boolean over = budget.left() < options.streamWindowBytes();
        int window = over ? options.floorWindowBytes() : options.streamWindowBytes();
        if (over) {
            budget.shortage(System.nanoTime());
        }
        if (window != announcedWindowBytes) {
            announcedWindowBytes = window;
            write(new Frame.Credit(0, window));
        }
    }

    private void receiveCredit(Frame.Credit credit) {
        if (credit.streamId() == 0) {
            peerNewStreamWindowBytes = credit.bytes();
            return;
        }
        LaneStream stream = streamOf(credit);
        if (stream != null) {
            stream.receivedCredit(credit.bytes());
        }
    }

    private void receiveGoAway(Frame.GoAway goAway) {
        peerRefusesStreams = true;
        // Where only the lane ends, the peer may be asked again in a new one.
        CloseReason why = goAway.endsLane() ? CloseReason.LANE_LOST : CloseReason.DRAINING;
        StreamReset notServed = new StreamReset(why, 0, goAway.detail());
        for (LaneStream stream : List.copyOf(streams.values())) {
            if (isOurs(stream) && stream.id() > goAway.lastStreamId()) {
                end(stream, notServed);
            }
        }
        if (goAway.endsLane()) {
            endDelivered(goAway);
        }
        handler.onFrame(goAway);
        if (goAway.endsLane() && !closed) {
            end(goAway.reason(), goAway.detail());
        }
    }

    /** Ends the streams whose offsets the peer's last words say: they are final. */
    private void endDelivered(Frame.GoAway goAway) {
        for (Frame.GoAway.Delivered delivered : goAway.delivered()) {
            LaneStream stream = streams.get(delivered.streamId());
            if (stream != null && isOurs(stream)) {
                end(stream, new StreamReset(CloseReason.LANE_LOST, delivered.bytes(), goAway.detail()));
            }
        }
    }

    private boolean isOurs(LaneStream stream) {
        return (stream.id() & 1) == parity;
    }

    private LaneStream openHere(StreamRequest request) {
        assert eventLoop().inEventLoop() : "two threads would give two streams one id";
        int id = nextStreamId;
        long aboveFloor = (long) options.streamWindowBytes() - options.floorWindowBytes();
        CloseReason refusal = refusalOfNewStream();
        boolean enough = budget.tryTake(aboveFloor);
        if (!enough) {
            budget.shortage(System.nanoTime());
        }
        int window = enough ? options.streamWindowBytes() : options.floorWindowBytes();
        LaneStream stream = add(id, window, enough ? aboveFloor : 0, peerNewStreamWindowBytes);
        if (refusal != null) {
            String detail = refusal == CloseReason.OVERLOADED ? FULL : "the lane takes no new streams";
            stream.endBecause(new StreamReset(refusal, 0, detail));
        } else {
            nextStreamId += 2;
            idsExhausted = nextStreamId < 0;
            write(new Frame.Open(id, request, window, peerNewStreamWindowBytes));
        }
        return stream;
    }

    private @Nullable CloseReason refusalOfNewStream() {
        if (closed || !established) {
            return CloseReason.NOT_HELD;
        }
        if (idsExhausted) {
            return CloseReason.IDS_EXHAUSTED;
        }
        if (peerRefusesStreams) {
            return CloseReason.DRAINING;
        }
        return budget.isFull() ? CloseReason.OVERLOADED : null;
    }

    private LaneStream add(int id, int windowBytes, long takenBytes, int sendCreditBytes) {
        ReceiveWindow window =
                new ReceiveWindow(budget, windowBytes, takenBytes, options.maxWindowBytes(), System.nanoTime());
        LaneStream stream = new LaneStream(this, id, window, sendCreditBytes);
        streams.put(id, stream);
        budget.enter(stream);
        return stream;
    }

    /** The stream needs the lane no more; its window it gives back when all is read. */
    void remove(LaneStream stream) {
        streams.remove(stream.id());
        load.decrementAndGet();
    }

    /** The stream holds nothing of the window budget any more. */
    void leaveBudget(LaneStream stream) {
        budget.leave(stream);
    }

    void hasWork(LaneStream stream) {
        if (!stream.waitsForTurn && stream.hasWork()) {
            stream.waitsForTurn = true;
            turns.add(stream);
            takeTurns();
        }
    }

    /** Whether no stream waits for a turn, and none has to: what is written now goes out at once. */
    boolean hasRoomForAll() {
        return turns.isEmpty() && !takingTurns && transport.isWritable();
    }

    /**
     * Sends while the transport has room. A write may change that, and a flush may change it back, and each tells us at
     * once: a turn begun from within another one would put its frames between that one's header and payload.
     */
    private void takeTurns() {
        if (takingTurns) {
            return;
        }
        takingTurns = true;
        try {
            while (!turns.isEmpty()) {
                if (transport.isWritable()) {
                    takeTurn(turns.remove());
                } else {
                    transport.flush();
                    if (!transport.isWritable()) {
                        return;
                    }
                }
            }
        } finally {
            takingTurns = false;
        }
    }

    private void takeTurn(LaneStream stream) {
        stream.waitsForTurn = false;
        stream.takeTurn(turns.isEmpty() ? Frame.MAX_DATA_BYTES : TURN_BYTES);
        if (!stream.waitsForTurn && stream.hasWork()) {
            stream.waitsForTurn = true;
            turns.add(stream);
        }
    }

    void writabilityChanged() {
        if (!closed) {
            takeTurns();
        }
    }

    /** Queues a frame, and sends it together with what else comes up in this turn of the event loop. */
    void write(Frame frame) {
        if (closed) {
            if (frame instanceof Frame.Data data) {
                data.payload().release();
            }
            return;
        }
        transport.write(frame);
        if (!flushScheduled) {
            flushScheduled = true;
            later(flushing);
        }
        if (!overrun && transport.isOverrun()) {
            overrun = true;
            later(() -> transportEnded("the peer reads nothing of what it is sent"));
        }
    }

    private void flush() {
        flushScheduled = false;
        transport.flush();
    }

    void later(Runnable task) {
        eventLoop().execute(task);
    }

    void report(int streamId, Exchange exchange) {
        // A lane that is full has better things to carry.
        if (reportsWanted && transport.isWritable()) {
            write(new Frame.Event(streamId, exchange));
        }
    }

    long roundTripNanos() {
        return keepAlive.roundTripNanos();
    }

    /** When the last frame came, by {@link System#nanoTime}. */
    long lastReceivedNanos() {
        return keepAlive.lastReceivedNanos();
    }

    void transportEnded(String detail) {
        if (!closed) {
            end(CloseReason.LANE_LOST, detail);
        }
    }

    private void checkEstablished() {
        if (!established && !closed) {
            close(
                    CloseReason.SILENT,
                    "the handshake took longer than "
                            + options.handshakeTimeout().toMillis() + " ms");
        }
    }

    private void end(CloseReason reason, String detail) {
        closed = true;
        keepAlive.stop();
        transport.close();
        StreamReset reset = new StreamReset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, detail);
        for (LaneStream stream : List.copyOf(streams.values())) {
            end(stream, reset);
        }
        turns.clear();
        handler.onClosed(reason, detail);
    }

    /** Ends a stream, whatever its listener throws: the others must hear of it too. */
    private static void end(LaneStream stream, StreamReset reset) {
        try {
            stream.endBecause(reset);
        } catch (RuntimeException e) {
            LOGGER.atError().addKeyValue("stream", stream.id()).setCause(e).log("stream's listener failed; ignored");
        }
    }

    private List<Frame.GoAway.Delivered> delivered() {
        List<Frame.GoAway.Delivered> delivered = new ArrayList<>();
        for (LaneStream stream : streams.values()) {
            if (!isOurs(stream)) {
                delivered.add(new Frame.GoAway.Delivered(stream.id(), stream.deliveredBytes()));
            }
        }
        return delivered;
    }

    private void onLoop(Runnable task) {
        if (eventLoop().inEventLoop()) {
            task.run();
        } else {
            eventLoop().execute(task);
        }
    }

    /** What transports outside of this package call. */
    private final class Arrivals implements LaneTransport.Receiver {
        @Override
        public void received(Frame frame) {
            receive(frame);
        }

        @Override
        public void concluded(Frame frame) {
            if (!closed) {
                handle(frame);
            }
        }

        @Override
        public void malformed(String detail) {
            close(CloseReason.PROTOCOL_ERROR, detail);
        }

        @Override
        public void writabilityChanged() {
            Lane.this.writabilityChanged();
        }

        @Override
        public void ended(String detail) {
            transportEnded(detail);
        }
    }
}

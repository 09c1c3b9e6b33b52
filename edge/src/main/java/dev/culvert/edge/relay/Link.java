package dev.culvert.edge.relay;

import dev.culvert.lane.Lane;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.MalformedFrameException;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import java.time.Duration;

/**
 * This node's end of a lane to another node. Both ends open streams in it.
 *
 * <p>Each end numbers its links, and the two numbers together name one: an end that has lost its link begins a new one
 * under a new number, and what is left of the old one is not taken for it.
 */
final class Link implements Lane.Handler {
    /**
     * The windows are those of agents' lanes, and part of the protocol between nodes, which do not greet each other.
     * Pinged each half second and silent for two and a half of them, a link is given up: 1.5 s at the latest.
     */
    static final LaneOptions OPTIONS =
            new LaneOptions(256 * 1024, 16 * 1024, 8 * 1024 * 1024, 0, Duration.ofMillis(500), Duration.ofSeconds(1));

    private final Relay relay;
    private final String peer;
    private final int epoch;
    private final LinkTransport transport;
    private final Lane lane;

    private Link(Relay relay, String peer, int epoch, LinkTransport transport, WindowBudget budget) {
        this.relay = relay;
        this.peer = peer;
        this.epoch = epoch;
        this.transport = transport;
        // One of the two has the odd ids, and both know which.
        Lane.Side side = relay.nodeId().compareTo(peer) < 0 ? Lane.Side.DIALER : Lane.Side.ACCEPTOR;
        this.lane = Lane.over(transport::to, side, OPTIONS, budget, this);
    }

    /**
     * Begins a link. Any thread.
     *
     * @param peerEpoch the number that the other node gave it, if it was first; else 0
     */
    static Link to(String peer, Relay relay, int epoch, int peerEpoch, LinkTransport.Bus bus, WindowBudget budget) {
        LinkTransport transport = new LinkTransport(
                relay.eventLoop(), bus, relay.nodeId(), peer, epoch, peerEpoch, () -> relay.doubt(peer));
        return new Link(relay, peer, epoch, transport, budget);
    }

    String peer() {
        return peer;
    }

    int epoch() {
        return epoch;
    }

    /** Completes once the other node has said something; fails when the link ends before. */
    Future<Void> answered() {
        return transport.answered();
    }

    /** Completes once bytes are known to pass in both directions; fails when the link ends before. */
    Future<Void> stands() {
        return transport.stands();
    }

    /** Any thread. */
    int load() {
        return lane.load();
    }

    /** Any thread. */
    boolean takesStreams() {
        return lane.takesStreams();
    }

    /** On the visitor's loop. */
    TunnelStream open(StreamRequest request, EventLoop visitorLoop) {
        return lane.open(request, visitorLoop);
    }

    /** Any thread. */
    void goAway(CloseReason reason, String detail) {
        lane.goAway(reason, detail);
    }

    /** Any thread. */
    void close(CloseReason reason, String detail) {
        lane.close(reason, detail);
    }

    // What follows is called on the relay's event loop.

    /** Whether a message of the other node is for this link. */
    boolean isFor(LinkMessage message) {
        return peer.equals(message.sender()) && transport.peerEpoch() == message.senderEpoch();
    }

    /** Whether the other node has not said its number yet. */
    boolean isUnanswered() {
        return transport.peerEpoch() == 0;
    }

    /** As others know it who write on when it has ended. */
    EndedLinks.Name name() {
        return new EndedLinks.Name(peer, transport.peerEpoch());
    }

    /** The last message that was read; final once the link has ended. */
    long lastRead() {
        return transport.lastRead();
    }

    void receive(LinkMessage message) {
        if (message.kind() == LinkMessage.Kind.CLOSED) {
            transport.closedByPeer(message);
        } else {
            transport.receive(message);
        }
    }

    void peerLeft() {
        transport.peerLeft();
    }

    @Override
    public void onFrame(Frame.OfLane frame) {
        if (frame instanceof Frame.GoAway goAway) {
            if (!goAway.endsLane()) {
                relay.peerDrains(peer);
            }
        } else {
            throw new MalformedFrameException(
                    "%s is not what a node says".formatted(frame.getClass().getSimpleName()));
        }
    }

    @Override
    public void onStream(TunnelStream stream, StreamRequest request) {
        relay.serve(stream, request);
    }

    @Override
    public void onExchange(Exchange exchange) {
        // Its stream passes it on to the agent.
    }

    @Override
    public void onClosed(CloseReason reason, String detail) {
        relay.ended(this, reason, detail);
    }
}

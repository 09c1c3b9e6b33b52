package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.Lane;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.MalformedFrameException;
import dev.culvert.wire.StreamRequest;
import dev.culvert.wire.Welcome;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A lane from an agent: its greeting, its end, and the streams it carries; {@link LaneNames} has its names.
 *
 * <pre>
 *   waits for HELLO ──► being authenticated ──► stands: binds, unbinds, carries ──► closed
 *                                                   └─ its credential ends ──► expired: carries ──┘
 * </pre>
 *
 * Runs on the lane's event loop.
 */
final class AgentLane implements Lane.Handler, Carrier {
    private static final Logger LOGGER = LoggerFactory.getLogger(AgentLane.class);

    /**
     * How long after its credential's end a lane is ended at the latest: time for the agent to have another lane, and for
     * most of what visitors are in the midst of; and no longer than the shortest-lived tokens live themselves.
     */
    private static final Duration LINGER = Duration.ofMinutes(5);

    /** Between two looks at the clock for a credential's end. */
    private static final Duration CLOCK_ASKED = Duration.ofMinutes(1);

    /** How often an expired lane is looked at, in milliseconds: an idle connection for a second is no cost. */
    private static final long LOOK_MILLIS = 1000;

    private final String id = UUID.randomUUID().toString();
    private final String remote;
    private final Channel channel;
    private final Lanes lanes;
    private final Lane lane;
    private final LaneNames names;

    private final Set<TunnelKey> served = ConcurrentHashMap.newKeySet(1);

    private String instance = "";
    private boolean greeted;
    private volatile @Nullable Identity identity;
    private @Nullable ScheduledFuture<?> expiry;
    private volatile boolean expired;
    private boolean closed;

    private AgentLane(Channel channel, Lanes lanes) {
        this.remote = channel.remoteAddress() instanceof InetSocketAddress address
                ? NetUtil.toSocketAddressString(address)
                : String.valueOf(channel.remoteAddress());
        this.channel = channel;
        this.lanes = lanes;
        this.lane = Lane.on(channel, Lane.Side.ACCEPTOR, lanes.options(), lanes.budget(), this);
        this.names = new LaneNames(this, lane, lanes);
    }

    /** Takes a connection that carries frames from here on; on its event loop. */
    static AgentLane accept(Channel channel, Lanes lanes) {
        AgentLane lane = new AgentLane(channel, lanes);
        lanes.arrived(lane);
        return lane;
    }

    String id() {
        return id;
    }

    String remote() {
        return remote;
    }

    /** The agent's instance id, once it stands. */
    String instance() {
        return instance;
    }

    /** What visitors are sent here for, kept by {@link Lanes}. Any thread. */
    Set<TunnelKey> served() {
        return served;
    }

    /** Whose lane it is; null until it stands. Any thread. */
    @Nullable
    Identity identity() {
        return identity;
    }

    /** Whether its agent was asked to come again, because its credential has ended. Any thread. */
    boolean isExpired() {
        return expired;
    }

    Claim claim() {
        return new Claim(lanes.registry().nodeId(), id, instance());
    }

    boolean takesStreams() {
        return lane.takesStreams();
    }

    @Override
    public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
        return Future.succeededFuture(lane.open(request, visitorLoop));
    }

    @Override
    public int load() {
        return lane.load();
    }

    @Override
    public boolean isLeaving() {
        return !lane.takesStreams();
    }

    /** Any thread. */
    void goAway(CloseReason reason, String detail) {
        lane.goAway(reason, detail);
    }

    /** Any thread. */
    void close(CloseReason reason, String detail) {
        lane.close(reason, detail);
    }

    /** Its credential does not count any more; the agent is told. Any thread. */
    void withdraw() {
        close(CloseReason.UNAUTHORIZED, "the token or key was withdrawn; ask whoever runs the edge for a new one");
    }

    /** The name belongs to somebody else now; the agent is told. Any thread. */
    void lose(TunnelKey key) {
        lane.eventLoop().execute(() -> names.lose(key));
    }

    /** The operator takes the name away; the agent is told. Completes when the claim is gone. Any thread. */
    Future<Void> takeAway(TunnelKey key, String why) {
        Promise<Void> gone = Promise.promise();
        lane.eventLoop().execute(() -> names.takeAway(key, why).onComplete(gone));
        return gone.future();
    }

    @Override
    public void onFrame(Frame.OfLane frame) {
        Identity known = identity;
        if (frame instanceof Frame.HelloFrame greeting) {
            greet(greeting.hello());
        } else if (frame instanceof Frame.BindFrame asked && expired) {
            lane.send(new Frame.BoundFrame(Bound.refused(
                    asked.bind().id(),
                    Bound.Code.DRAINING,
                    "the token has expired; ask by a connection with another")));
        } else if (frame instanceof Frame.BindFrame asked && known != null) {
            names.bind(asked.bind(), known);
        } else if (frame instanceof Frame.UnbindFrame given && known != null) {
            names.unbind(given.unbind().id());
        } else if (frame instanceof Frame.GoAway) {
            // It has lanes elsewhere, or is stopping.
            names.leave();
        } else {
            throw new MalformedFrameException("%s is not what an agent says now"
                    .formatted(frame.getClass().getSimpleName()));
        }
    }

    @Override
    public void onStream(TunnelStream stream, StreamRequest request) {
        stream.reset(CloseReason.PROTOCOL_ERROR, "agents open no streams");
    }

    @Override
    public void onExchange(Exchange exchange) {
        // Only edges tell.
    }

    @Override
    public void onClosed(CloseReason reason, String detail) {
        closed = true;
        if (expiry != null) {
            expiry.cancel(false);
        }
        lanes.closes().add(reason);
        lanes.left(this);
        names.leave();
        LOGGER.atLevel(identity == null ? Level.DEBUG : Level.INFO)
                .addKeyValue("lane", id)
                .addKeyValue("agent", instance())
                .addKeyValue("remote", remote)
                .addKeyValue("reason", reason.label())
                .addKeyValue("detail", detail)
                .log("lane closed");
    }

    private void greet(Hello greeting) {
        if (greeted) {
            throw new MalformedFrameException("a second HELLO");
        }
        greeted = true;
        instance = greeting.instance(); // And no more of it: there may be very many lanes.
        if (!greeting.versions().contains(Hello.VERSION)) {
            close(
                    CloseReason.VERSION_MISMATCH,
                    "this edge speaks version %d of the protocol, the agent %s; bring both to the same release"
                            .formatted(Hello.VERSION, greeting.versions()));
        } else if (lanes.isDraining()) {
            close(CloseReason.DRAINING, "this edge is stopping");
        } else {
            lanes.authenticator().authenticate(greeting).onComplete(known -> lane.eventLoop()
                    .execute(() -> {
                        if (known.succeeded()) {
                            welcome(greeting, known.result());
                        } else {
                            boolean undecided = known.cause() instanceof UndecidedException;
                            close(
                                    undecided ? CloseReason.UNDECIDED : CloseReason.UNAUTHORIZED,
                                    String.valueOf(known.cause().getMessage()));
                        }
                    }));
        }
    }

    private void welcome(Hello greeting, Identity known) {
        if (closed) {
            return;
        }
        StandingLanes.Verdict verdict = lanes.enter(this, greeting, known);
        if (verdict != StandingLanes.Verdict.STANDS) {
            turnAway(verdict, known);
            return;
        }
        lanes.newcomers().remove(channel);
        identity = known; // From here on a withdrawal finds this lane.
        if (!lanes.authenticator().stillCounts(known)) {
            withdraw();
            return;
        }
        lane.send(new Frame.WelcomeFrame(new Welcome(
                Hello.VERSION,
                lanes.registry().nodeId(),
                id,
                lanes.registry().nodes(),
                lanes.options().streamWindowBytes(),
                lanes.options().pingInterval().toMillis())));
        lane.established(greeting.newStreamWindowBytes(), greeting.events());
        LOGGER.atInfo()
                .addKeyValue("lane", id)
                .addKeyValue("agent", greeting.instance())
                .addKeyValue("owner", known.owner())
                .addKeyValue("remote", remote)
                .addKeyValue("software", greeting.software())
                .log("lane stands");
        Instant ends = known.ends();
        if (ends != null) {
            awaitEnd(ends);
        }
    }

    private void turnAway(StandingLanes.Verdict verdict, Identity known) {
        switch (verdict) {
            case ALREADY_HERE -> close(CloseReason.ALREADY_HERE, "this node has a live lane of this agent");
            case FULL -> full(known, "this edge has as many agents as it has room for; try again later");
            case OWNER_FULL ->
                full(known, "this edge has half as many agents as it has room for from you, and takes no more of them");
            case STANDS -> throw new IllegalStateException("who stands is not turned away");
        }
    }

    private void full(Identity known, String why) {
        LOGGER.atLevel(lanes.quiet().next())
                .addKeyValue("owner", known.owner())
                .addKeyValue("remote", remote)
                .addKeyValue("lanes", lanes.count())
                .log("no room for another lane; its agent turned away");
        close(CloseReason.OVERLOADED, why);
    }

    /** By steps: a clock that is set forward takes the rest of a token's life with it. */
    private void awaitEnd(Instant ends) {
        Duration left = Duration.between(Instant.now(), ends);
        if (left.isNegative() || left.isZero()) {
            expire(ends);
        } else {
            long millis = left.compareTo(CLOCK_ASKED) < 0 ? left.toMillis() + 1 : CLOCK_ASKED.toMillis();
            expiry = lane.eventLoop().schedule(() -> awaitEnd(ends), millis, TimeUnit.MILLISECONDS);
        }
    }

    /** As when this node stops: the agent opens another lane first, and visitors are served here until it has. */
    private void expire(Instant ended) {
        expired = true;
        LOGGER.atInfo()
                .addKeyValue("lane", id)
                .addKeyValue("agent", instance())
                .log("lane's credential has ended; asking the agent to come again");
        lane.goAway(CloseReason.DRAINING, "the token has expired; come again with another");
        endWhenOver(ended.plus(LINGER));
    }

    private void endWhenOver(Instant atLast) {
        if (!lane.takesStreams() && lane.load() == 0) {
            close(CloseReason.DRAINING, "the agent has moved to another lane");
        } else if (Instant.now().isAfter(atLast)) {
            close(CloseReason.UNAUTHORIZED, "the token expired %d minutes ago".formatted(LINGER.toMinutes()));
        } else {
            expiry = lane.eventLoop().schedule(() -> endWhenOver(atLast), LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}

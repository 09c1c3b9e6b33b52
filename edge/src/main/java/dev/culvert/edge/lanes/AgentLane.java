package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.Lane;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import dev.culvert.wire.MalformedFrameException;
import dev.culvert.wire.StreamRequest;
import dev.culvert.wire.Unbind;
import dev.culvert.wire.Welcome;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A lane from an agent: its greeting, its names, and the streams it carries.
 *
 * <pre>
 *   waits for HELLO ──► being authenticated ──► stands: binds, unbinds, carries ──► closed
 * </pre>
 *
 * Runs on the lane's event loop.
 */
final class AgentLane implements Lane.Handler, Carrier {
    private static final Logger LOGGER = LoggerFactory.getLogger(AgentLane.class);

    /** Names that one lane may have: far more than a person needs, and an end for a program that has gone wild. */
    private static final int MOST_NAMES = 2000;

    private final String id = UUID.randomUUID().toString();
    private final String remote;
    private final Channel channel;
    private final Lanes lanes;
    private final Lane lane;
    private final Map<Integer, TunnelKey> bound = new HashMap<>();
    /** What the registry is asked, while the bind is not over. */
    private final Set<Question> asking = new HashSet<>();

    private @Nullable Hello hello;
    private volatile @Nullable Identity identity;
    private boolean closed;

    /** A name that the agent has asked for. */
    private static final class Question {
        private final Bind asked;
        /** What is served already, because other nodes may know it. */
        private @Nullable TunnelKey served;
        /** The agent does not want it any more. */
        private boolean givenUp;

        Question(Bind asked) {
            this.asked = asked;
        }
    }

    private AgentLane(Channel channel, Lanes lanes) {
        this.remote = channel.remoteAddress() instanceof InetSocketAddress address
                ? NetUtil.toSocketAddressString(address)
                : String.valueOf(channel.remoteAddress());
        this.channel = channel;
        this.lanes = lanes;
        this.lane = Lane.on(channel, Lane.Side.ACCEPTOR, lanes.options(), lanes.budget(), this);
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
        return hello == null ? "" : hello.instance();
    }

    /** Whose lane it is; null until it stands. Any thread. */
    @Nullable
    Identity identity() {
        return identity;
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

    /** The name belongs to somebody else now; the agent is told. Any thread. */
    void lose(TunnelKey key) {
        lane.eventLoop().execute(() -> bound.entrySet().removeIf(entry -> {
            if (!entry.getValue().equals(key)) {
                return false;
            }
            lanes.unbound(key, this);
            lane.send(new Frame.UnbindFrame(new Unbind(
                    entry.getKey(), CloseReason.NOT_HELD, "the name belongs to an older owner, who has come back")));
            return true;
        }));
    }

    /** The operator takes the name away; the agent is told. Completes when the claim is gone. Any thread. */
    Future<Void> takeAway(TunnelKey key, String why) {
        Promise<Void> gone = Promise.promise();
        lane.eventLoop().execute(() -> {
            List<Integer> ids = bound.entrySet().stream()
                    .filter(entry -> entry.getValue().equals(key))
                    .map(Map.Entry::getKey)
                    .toList();
            ids.forEach(bound::remove);
            lanes.unbound(key, this);
            ids.forEach(id -> lane.send(new Frame.UnbindFrame(new Unbind(id, CloseReason.CLOSED, why))));
            lanes.registry().giveUp(key, claim()).onComplete(gone);
        });
        return gone.future();
    }

    @Override
    public void onFrame(Frame.OfLane frame) {
        if (frame instanceof Frame.HelloFrame greeting) {
            greet(greeting.hello());
        } else if (frame instanceof Frame.BindFrame asked && identity != null) {
            bind(asked.bind());
        } else if (frame instanceof Frame.UnbindFrame given && identity != null) {
            giveUp(given.unbind().id());
        } else if (frame instanceof Frame.GoAway) {
            leave();
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
        lanes.closes().add(reason);
        lanes.left(this);
        leave();
        LOGGER.atLevel(identity == null ? Level.DEBUG : Level.INFO)
                .addKeyValue("lane", id)
                .addKeyValue("agent", instance())
                .addKeyValue("remote", remote)
                .addKeyValue("reason", reason.label())
                .addKeyValue("detail", detail)
                .log("lane closed");
    }

    /** The agent takes no more visitors here, because it has lanes elsewhere or is stopping. */
    private void leave() {
        for (TunnelKey key : bound.values()) {
            lanes.unbound(key, this);
            release(key);
        }
        bound.clear();
        asking.forEach(this::serveNoMore);
    }

    private void greet(Hello greeting) {
        if (hello != null) {
            throw new MalformedFrameException("a second HELLO");
        }
        hello = greeting;
        lanes.newcomers().remove(channel);
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
                            close(
                                    CloseReason.UNAUTHORIZED,
                                    String.valueOf(known.cause().getMessage()));
                        }
                    }));
        }
    }

    private void welcome(Hello greeting, Identity known) {
        if (closed) {
            return;
        }
        if (!lanes.stands(this, greeting, known)) {
            close(CloseReason.ALREADY_HERE, "this node has a live lane of this agent");
            return;
        }
        identity = known;
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
    }

    private void bind(Bind asked) {
        if (bound.size() + asking.size() >= MOST_NAMES && !bound.containsKey(asked.id())) {
            refuse(
                    asked,
                    new NameRefusedException(
                            Bound.Code.NOT_ALLOWED, "this agent has %d names already".formatted(MOST_NAMES)));
            return;
        }
        Identity owner = Objects.requireNonNull(identity);
        Question question = new Question(asked);
        asking.add(question);
        lanes.binder()
                .bind(asked, owner, claim(), key -> lane.eventLoop().execute(() -> serve(question, key)))
                .onComplete(answer -> lane.eventLoop().execute(() -> answered(question, answer)));
    }

    /**
     * The name is given, and the bind not over: other nodes that know of it send visitors. An agent that had the name on
     * another lane serves them; one that is new to it refuses who comes before its BOUND.
     */
    private void serve(Question question, TunnelKey key) {
        if (lane.takesStreams() && !question.givenUp) {
            question.served = key;
            lanes.bound(key, this);
        }
    }

    private void serveNoMore(Question question) {
        TunnelKey key = question.served;
        if (key != null && !bound.containsValue(key)) {
            lanes.unbound(key, this);
        }
    }

    private void answered(Question question, AsyncResult<Registry.Grant> answer) {
        asking.remove(question);
        if (answer.failed()) {
            refuse(question.asked, answer.cause());
        } else if (question.givenUp) {
            giveBack(answer.result().tunnel().key());
        } else {
            granted(question.asked, answer.result());
        }
    }

    /** Unless the agent has asked for the name again, or has it: there is one claim for both. */
    private void giveBack(TunnelKey key) {
        String name = lanes.binder().nameOf(key);
        boolean wanted = bound.containsValue(key)
                || asking.stream().anyMatch(question -> !question.givenUp && isFor(question.asked, key, name));
        if (!wanted) {
            giveUp(key);
        }
    }

    private static boolean isFor(Bind asked, TunnelKey key, String name) {
        return key.isPort()
                ? name.equals(String.valueOf(asked.port()))
                : name.equals(asked.name()) || key.name().equals(asked.name());
    }

    private void granted(Bind asked, Registry.Grant grant) {
        TunnelKey key = grant.tunnel().key();
        if (!lane.takesStreams()) {
            release(key);
            return;
        }
        TunnelKey before = bound.put(asked.id(), key);
        if (before != null && !before.equals(key)) {
            lanes.unbound(before, this);
            release(before);
        }
        lanes.bound(key, this);
        lane.send(new Frame.BoundFrame(Bound.granted(
                asked.id(),
                key.value(),
                lanes.binder().nameOf(key),
                lanes.binder().urlOf(grant.tunnel()),
                grant.ticket())));
    }

    private void refuse(Bind asked, Throwable cause) {
        Bound.Code code = Bound.Code.INTERNAL;
        String message = "the edge could not bind the name; it will say more in its log";
        if (cause instanceof NameRefusedException refused) {
            code = refused.code();
            message = String.valueOf(refused.getMessage());
        } else {
            LOGGER.atError()
                    .setCause(cause)
                    .addKeyValue("lane", id)
                    .addKeyValue("tunnel", asked.name())
                    .log("bind failed");
        }
        lane.send(new Frame.BoundFrame(Bound.refused(asked.id(), code, message)));
    }

    private void giveUp(int bindId) {
        for (Question question : asking) {
            if (question.asked.id() == bindId) {
                question.givenUp = true;
                serveNoMore(question);
            }
        }
        TunnelKey key = bound.remove(bindId);
        if (key != null) {
            lanes.unbound(key, this);
            giveUp(key);
        }
    }

    private void giveUp(TunnelKey key) {
        lanes.registry().giveUp(key, claim()).onFailure(cause -> notReleased(key, cause));
    }

    private void release(TunnelKey key) {
        lanes.registry().release(key, claim()).onFailure(cause -> notReleased(key, cause));
    }

    private void notReleased(TunnelKey key, Throwable cause) {
        // A node that stops takes its claims with it, whether or not it still manages to say so.
        LOGGER.atLevel(lanes.isDraining() ? Level.DEBUG : Level.WARN)
                .setCause(cause)
                .addKeyValue("tunnel", key)
                .addKeyValue("lane", id)
                .log("claim could not be taken back; the sweep will");
    }
}

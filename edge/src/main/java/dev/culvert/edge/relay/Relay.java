package dev.culvert.edge.relay;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.StreamJoin;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.MalformedFrameException;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Carries streams to and from the other nodes of the cluster. This node listens on one address of the event bus,
 * {@code culvert.node.<id>}; a {@link Link} to another node begins with the first stream and lasts until one of the two
 * goes, or a message is lost.
 *
 * <p>A stream that arrives is served by what this node carries itself, never by a third node.
 *
 * <p>All links run on the relay's one event loop; the methods here may be called by any thread.
 */
public final class Relay {
    private static final Logger LOGGER = LoggerFactory.getLogger(Relay.class);

    /**
     * For how long a node that has not done its part is asked only when no other is left: until then the cluster has
     * noticed that it is dead, or it has been heard again.
     */
    private static final long DOUBT_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** The bus may take a while to hear on one node of an address on another: so often is a node's first link tried ... */
    private static final int MEETINGS = 10;

    /** ... and so long is the pause between, in milliseconds. */
    private static final long MEETING_MILLIS = 200;

    /** For the operator, because he alone can mend it. */
    private static final String NEVER_STANDS =
            "no link to another node comes to stand; visitors of tunnels that node holds get 502 here. Unless the detail says why: "
                    + "is --bus-tls the same on all nodes, are its certificates in force, and is the bus's port open?";

    private final Vertx vertx;
    private final String nodeId;
    private final Holder holder;
    private final WindowBudget budget;
    private final LinkTransport.Bus bus;
    private final EventLoop loop;
    /** The last number of a link. Counting begins anywhere, so that a relay before this one is not taken for it. */
    private final AtomicInteger epochs =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 30));

    private final Map<Integer, Link> links = new ConcurrentHashMap<>();
    /** The link that new streams are opened in, by node. */
    private final Map<String, Link> current = new ConcurrentHashMap<>();
    /** When a node last gave cause for doubt; forgotten when it is heard again, or in time. */
    private final Map<String, Long> doubted = new ConcurrentHashMap<>();

    /** On the relay's event loop. */
    private final Refusals refusals = new Refusals();

    /** On the relay's event loop. */
    private final EndedLinks endedLinks = new EndedLinks();

    private final Unreached unreached = new Unreached(System::nanoTime);

    /** Nodes that have said that they are about to stop. */
    private final Set<String> draining = ConcurrentHashMap.newKeySet();

    private volatile Runnable onPeerDraining = () -> {};
    private volatile String deployment = "";
    private @Nullable Future<Void> closing;

    /** What this node carries itself. */
    public interface Holder {
        /** The carriers of this node for the tunnel, the best first; those of other nodes must not be among them. */
        List<Carrier> carriers(TunnelKey key);
    }

    /** Where the other nodes come in: a verticle, so that the relay has an event loop. */
    private static final class Door extends VerticleBase {
        private final Function<Context, Relay> make;
        private @Nullable Relay relay;

        Door(Function<Context, Relay> make) {
            this.make = make;
        }

        @Override
        public Future<?> start() {
            Relay made = make.apply(context);
            relay = made;
            // Never paused: a paused consumer drops what it has no room for. What can come is bounded by the windows.
            return vertx.eventBus()
                    .<LinkMessage>consumer(addressOf(made.nodeId), made::receive)
                    .completion();
        }

        @Override
        public Future<?> stop() {
            opened().endAll();
            return Future.succeededFuture();
        }

        Relay opened() {
            return Objects.requireNonNull(relay);
        }
    }

    private Relay(
            Vertx vertx, String nodeId, Holder holder, WindowBudget budget, LinkTransport.Bus bus, EventLoop loop) {
        this.vertx = vertx;
        this.nodeId = nodeId;
        this.holder = holder;
        this.budget = budget;
        this.bus = bus;
        this.loop = loop;
    }

    /**
     * Begins to listen.
     *
     * @param vertx a clustered one
     * @param nodeId this node's id, new at each of its starts: the one that is in its claims
     * @param budget shared with the lanes
     * @return completes once the other nodes can reach this one
     */
    public static Future<Relay> start(Vertx vertx, String nodeId, Holder holder, WindowBudget budget) {
        return start(vertx, nodeId, holder, budget, bus -> bus);
    }

    /** The same with a bus that is not quite the real one, for tests. */
    static Future<Relay> start(
            Vertx vertx,
            String nodeId,
            Holder holder,
            WindowBudget budget,
            UnaryOperator<LinkTransport.Bus> disturbance) {
        register(vertx);
        DeliveryOptions options = new DeliveryOptions().setCodecName(LinkCodec.NAME);
        LinkTransport.Bus bus = message -> {
            try {
                return vertx.eventBus()
                        .<LinkMessage>sender(addressOf(message.receiver()), options)
                        .write(message);
            } catch (RuntimeException e) {
                return Future.failedFuture(e); // The bus is being closed.
            }
        };
        Door door = new Door(context ->
                new Relay(vertx, nodeId, holder, budget, disturbance.apply(bus), Sockets.eventLoopOf(context)));
        return vertx.deployVerticle(door).map(id -> {
            door.opened().deployment = id;
            return door.opened();
        });
    }

    /** For as long as the bus runs: what still comes in when the relay has closed is read, and then dropped quietly. */
    private static void register(Vertx vertx) {
        try {
            vertx.eventBus().registerCodec(new LinkCodec());
        } catch (IllegalStateException e) {
            LOGGER.atDebug().log("codec is there from an earlier relay on this bus");
        }
    }

    private static String addressOf(String node) {
        return "culvert.node." + node;
    }

    /** This node's id. */
    public String nodeId() {
        return nodeId;
    }

    /**
     * A node is no member any more: streams to and from it are reset at once. (Should it come back after a split, a new
     * link begins.)
     */
    public void nodeLeft(String node) {
        if (loop.isShuttingDown()) {
            return; // So is this node.
        }
        loop.execute(() -> {
            // Its claims count for a moment yet: until the registry, which is told after this, knows it too. And before
            // streams hear of it: whoever tries again should know.
            doubt(node);
            unreached.forget(node);
            for (Link link : links.values()) {
                if (link.peer().equals(node)) {
                    link.peerLeft();
                }
            }
            draining.remove(node);
        });
    }

    /**
     * Begins the link to a node before a visitor needs it. The first message to a node pays for the bus's connection and
     * for what the bus has to look up; a visitor has a second for that, which a node that has just started may not keep.
     *
     * @return completes once the node has answered, and the way back stands too; fails when it has not after
     *     {@link #MEETINGS} tries, which nobody needs to mind: the next stream begins a link as well
     */
    public Future<Void> meet(String node) {
        return meet(node, MEETINGS);
    }

    private Future<Void> meet(String node, int triesLeft) {
        return linkTo(node)
                .answered()
                .recover(cause -> triesLeft == 1
                        ? Future.failedFuture(cause)
                        : vertx.timer(MEETING_MILLIS, TimeUnit.MILLISECONDS)
                                .compose(passed -> meet(node, triesLeft - 1)));
    }

    /**
     * Tries the nodes again that have not been reached: whether they are back is known before a visitor needs it.
     *
     * @param members the nodes that there are; the others are forgotten
     */
    public void meetAgain(Set<String> members) {
        if (loop.isShuttingDown()) {
            return;
        }
        loop.execute(() -> {
            unreached.keepOnly(members);
            unreached.nodes().forEach(this::linkTo);
        });
    }

    /** How many other nodes have not been reached for some seconds: visitors get no answer from their tunnels here. */
    public int unreached() {
        return unreached.count();
    }

    /**
     * Tells the other nodes that this one is about to stop, so that they keep no idle streams here. What they still open
     * is served. Any thread.
     */
    public void drain() {
        links.values().forEach(link -> link.goAway(CloseReason.DRAINING, "this node is stopping"));
    }

    /** Calls the listener when another node says that it is about to stop; on the relay's event loop. One listener. */
    public void onPeerDraining(Runnable listener) {
        onPeerDraining = listener;
    }

    /** How many streams are open to and from all other nodes. */
    public int load() {
        return links.values().stream().mapToInt(Link::load).sum();
    }

    /** Ends all links and listens no more; does nothing the second time. */
    public synchronized Future<Void> close() {
        if (closing == null) {
            closing = vertx.undeploy(deployment);
        }
        return closing;
    }

    // What follows is called by the carriers, by any thread.

    /** On the visitor's loop. */
    TunnelStream open(String node, StreamRequest request, EventLoop visitorLoop) {
        return linkTo(node).open(request, visitorLoop);
    }

    @CanIgnoreReturnValue
    private Link linkTo(String node) {
        return current.compute(node, (id, there) -> there != null && there.takesStreams() ? there : begin(id, 0));
    }

    /** How many streams are open to and from a node. */
    int load(String node) {
        Link link = current.get(node);
        return link == null ? 0 : link.load();
    }

    boolean isDraining(String node) {
        return draining.contains(node);
    }

    /** Whether it may be dead: it was lost a moment ago, or has not answered, and was not heard since. */
    boolean isDoubtful(String node) {
        Long sinceNanos = doubted.get(node);
        return sinceNanos != null && System.nanoTime() - sinceNanos < DOUBT_NANOS;
    }

    private Link begin(String node, int peerEpoch) {
        Link link = Link.to(node, this, epochs.incrementAndGet(), peerEpoch, bus, budget);
        links.put(link.epoch(), link);
        link.stands().onSuccess(stands -> reached(node));
        LOGGER.atDebug()
                .addKeyValue("node", node)
                .addKeyValue("epoch", link.epoch())
                .log("link begins");
        return link;
    }

    // What follows is called on the relay's event loop.

    private void endAll() {
        links.values().forEach(link -> link.close(CloseReason.CLOSED, "this node has stopped"));
    }

    EventLoop eventLoop() {
        return loop;
    }

    /** Serves a stream that another node opened, with what this node carries itself. */
    void serve(TunnelStream incoming, StreamRequest request) {
        List<Carrier> here = holder.carriers(new TunnelKey(request.tunnel()));
        if (here.isEmpty()) {
            incoming.reset(CloseReason.NOT_HELD, "no agent for the tunnel is connected to this node");
            return;
        }
        serve(incoming, request, refusals.last(request, here));
    }

    private void serve(TunnelStream incoming, StreamRequest request, List<Carrier> carriers) {
        Carrier carrier = carriers.get(0);
        carrier.open(request, loop).onComplete(opened -> {
            if (opened.succeeded()) {
                StreamJoin.join(incoming, opened.result(), reset -> refusals.note(request, carrier, reset));
            } else if (opened.cause() instanceof StreamClosedException refused) {
                if (carriers.size() > 1) {
                    serve(incoming, request, carriers.subList(1, carriers.size()));
                } else {
                    incoming.reset(refused.reset());
                }
            } else {
                LOGGER.atError()
                        .setCause(opened.cause())
                        .addKeyValue("tunnel", request.tunnel())
                        .log("stream could not be opened; reset");
                incoming.reset(new StreamReset(CloseReason.INTERNAL, 0, "internal error"));
            }
        });
    }

    /** A node has not done its part: it is asked last for a while, or until it is heard again. */
    void doubt(String node) {
        long now = System.nanoTime();
        doubted.values().removeIf(sinceNanos -> now - sinceNanos >= DOUBT_NANOS);
        doubted.put(node, now);
    }

    void peerDrains(String node) {
        if (draining.add(node)) {
            onPeerDraining.run();
        }
    }

    private void reached(String node) {
        if (unreached.reached(node)) {
            LOGGER.atInfo().addKeyValue("node", node).log("link to another node stands again");
        }
    }

    void ended(Link link, CloseReason reason, String detail) {
        links.remove(link.epoch());
        endedLinks.add(link);
        current.remove(link.peer(), link);
        boolean failed = !link.stands().succeeded() && reason != CloseReason.CLOSED; // That is this node's own end.
        Level level = failed ? unreached.failed(link.peer()) : Level.INFO;
        LOGGER.atLevel(level)
                .addKeyValue("node", link.peer())
                .addKeyValue("epoch", link.epoch())
                .addKeyValue("reason", reason.label())
                .addKeyValue("detail", detail)
                .log(level == Level.WARN ? NEVER_STANDS : "link to another node ended");
    }

    private void receive(Message<LinkMessage> arrived) {
        LinkMessage message;
        try {
            message = arrived.body();
        } catch (MalformedFrameException e) {
            LOGGER.atWarn().addKeyValue("detail", e.getMessage()).log("message of no node of ours; dropped");
            return;
        }
        if (!message.receiver().equals(nodeId)) {
            return; // Meant for the one that had this address before.
        }
        Link link = linkOf(message);
        if (message.kind() == LinkMessage.Kind.CLOSED) {
            if (link != null) {
                link.receive(message);
            }
        } else if (message.version() != LinkMessage.VERSION) {
            refuse(
                    message,
                    0,
                    CloseReason.VERSION_MISMATCH,
                    "speaks version %d of the link, this node %d".formatted(message.version(), LinkMessage.VERSION));
        } else if (link != null) {
            doubted.remove(message.sender());
            link.receive(message);
        } else if (message.receiverEpoch() == 0 && message.sequence() == 1) {
            Link accepted = begin(message.sender(), message.senderEpoch());
            current.put(message.sender(), accepted);
            doubted.remove(message.sender());
            accepted.receive(message);
        } else {
            refuse(message, endedLinks.lastRead(message), CloseReason.CLOSED, "the other node has lost the link");
        }
    }

    private @Nullable Link linkOf(LinkMessage message) {
        if (message.receiverEpoch() != 0) {
            Link link = links.get(message.receiverEpoch());
            if (link == null || !link.peer().equals(message.sender())) {
                return null;
            }
            return link.isUnanswered() || link.isFor(message) ? link : null;
        }
        Link unanswered = null;
        for (Link link : links.values()) {
            if (link.isFor(message)) {
                return link;
            }
            if (link.peer().equals(message.sender()) && link.isUnanswered()) {
                unanswered = link;
            }
        }
        // Both began at the same time: the two halves are one link.
        return message.kind() == LinkMessage.Kind.FRAMES && message.sequence() == 1 ? unanswered : null;
    }

    private void refuse(LinkMessage message, long acknowledged, CloseReason reason, String detail) {
        LinkMessage refusal = new LinkMessage(
                LinkMessage.VERSION,
                LinkMessage.Kind.CLOSED,
                nodeId,
                message.sender(),
                message.receiverEpoch(),
                message.senderEpoch(),
                0,
                acknowledged,
                new LinkMessage.Closing(reason, detail).toBody());
        // Lost, it is made up for by the silence that follows.
        bus.send(refusal).onComplete(done -> refusal.body().release());
    }
}

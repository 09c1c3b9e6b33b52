package dev.culvert.edge;

import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.admin.About;
import dev.culvert.edge.admin.BusView;
import dev.culvert.edge.admin.ClusterView;
import dev.culvert.edge.admin.LocalNode;
import dev.culvert.edge.admin.Readiness;
import dev.culvert.edge.admin.RelayFigures;
import dev.culvert.edge.ingress.IngressOptions;
import dev.culvert.edge.ingress.LaneDoor;
import dev.culvert.edge.ingress.OwnPages;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.lanes.Offer;
import dev.culvert.edge.localtunnel.DataPort;
import dev.culvert.edge.localtunnel.LocaltunnelPages;
import dev.culvert.edge.localtunnel.SocketPools;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.registry.HazelcastRegistry;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.RegistryOptions;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.relay.ClusterCarriers;
import dev.culvert.edge.relay.Relay;
import dev.culvert.edge.ssh.SshConnections;
import dev.culvert.edge.tls.BusCertificates;
import dev.culvert.lane.HeapRoom;
import dev.culvert.lane.WindowBudget;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node: builds the parts and starts them in their order. Safe for use by any thread; nothing blocks the caller.
 *
 * <pre>{@code
 * Edge.start(vertx, EdgeOptions.DEFAULT).onSuccess(edge -> System.out.println(edge.ports().http()));
 * }</pre>
 */
public final class Edge {
    /** Of the heap for what an edge is without visitors: 28 MiB are there a moment after its start. */
    private static final int HEAP_BESIDES_BYTES = 32 * 1024 * 1024;

    /**
     * Of the rest for each visitor connection that may be open: an idle one takes 8 KiB, one by TLS 16. With the launcher's
     * 256 MiB about 11,000.
     */
    private static final int HEAP_FOR_VISITOR_BYTES = 20 * 1024;

    /**
     * Of the heap for each stream that may be open: an exchange takes 4 to 5 KiB beside its connection, and most of the heap is
     * for the connections, which may be more. With the launcher's 256 MiB about 6,000.
     */
    private static final int HEAP_FOR_STREAM_BYTES = 36 * 1024;

    /**
     * Of the heap for each agent's lane that may stand: one with a name takes 11 KiB, by TLS some 8 more. With the launcher's 256 MiB
     * about 9,500.
     */
    private static final int HEAP_FOR_LANE_BYTES = 24 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(Edge.class);

    /** How often the counts of tunnels that are gone are dropped. */
    private static final Duration FORGET = Duration.ofMinutes(1);

    /** How often the node looks whether its Hazelcast runs. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often other nodes that have not been reached are tried again. */
    private static final Duration MEET = Duration.ofSeconds(10);

    private final Vertx vertx;
    private final EdgeOptions options;
    /** Who decides where there are no files of tokens, issuers and keys of agents. */
    private final Authenticator withoutTokens;

    private final EdgeListener listener;
    private final Started started;
    private final Doors doors;
    private final WindowBudget budget;
    private final Traffic traffic = new Traffic();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final Promise<Void> closed = Promise.promise();
    private final Promise<Void> broken = Promise.promise();
    private volatile boolean ready;
    private volatile @Nullable Path localAuthority;
    private volatile @Nullable Drain drain;
    private volatile IntSupplier nodes = () -> 1;

    private Edge(Vertx vertx, EdgeOptions options, Authenticator withoutTokens, EdgeListener listener) {
        this.vertx = vertx;
        this.options = options;
        this.withoutTokens = withoutTokens;
        this.listener = listener;
        this.started = new Started(vertx);
        this.doors = new Doors(vertx, options, started);
        this.budget = new WindowBudget(
                options.lanes().windowBudgetBytes(), HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_STREAM_BYTES));
    }

    /**
     * Starts a node on a caller's Vert.x, which stays the caller's.
     *
     * @return the node once it takes visitors. Fails with {@link PortTakenException},
     *     {@link dev.culvert.config.ConfigException}, or another exception whose message is a sentence for the operator;
     *     then nothing of it is left running
     */
    public static Future<Edge> start(Vertx vertx, EdgeOptions options) {
        return start(vertx, options, null, EdgeListener.NONE);
    }

    /**
     * The same with an answer of the caller's own to who may connect an agent, in the place of files.
     *
     * @param options without {@code tokens}, {@code issuers} and {@code agentKeys}; beyond loopback with {@code allowAnonymous}, which here
     *     says no more than that there is no file. SSH clients are not asked by it, so for them there must be a list of keys
     */
    public static Future<Edge> start(Vertx vertx, EdgeOptions options, Authenticator authenticator) {
        return start(vertx, options, authenticator, EdgeListener.NONE);
    }

    /**
     * The same with a listener that hears of its tunnels.
     *
     * @param authenticator null where the options decide who may connect an agent
     */
    public static Future<Edge> start(
            Vertx vertx, EdgeOptions options, @Nullable Authenticator authenticator, EdgeListener listener) {
        if (authenticator == null) {
            return start(new Edge(vertx, options, new AnonymousAuthenticator(), listener));
        }
        if (options.access().isAuthenticated()) {
            throw new IllegalArgumentException(
                    "there are an authenticator and a file of tokens, issuers or keys of agents: choose one");
        }
        if (options.ssh().port().isOn() && options.ssh().keys() == null) {
            throw new IllegalArgumentException(
                    "SSH clients are not asked by an authenticator: list their keys, or leave their port off");
        }
        return start(new Edge(vertx, options, authenticator, listener));
    }

    private static Future<Edge> start(Edge edge) {
        return edge.start().recover(fault -> {
            edge.closing.set(true);
            return edge.started.stop().transform(stopped -> Future.failedFuture(fault));
        });
    }

    /**
     * Where a node listens; -1 where it does not.
     *
     * @param http the visitor port
     * @param https the visitor port with TLS
     * @param tls the visitor port for TLS that ends at targets
     * @param lane the lane port
     * @param ssh the port for plain SSH clients
     * @param admin the admin port
     * @param cluster where the other nodes' Hazelcast reaches this one's
     */
    public record Ports(int http, int https, int tls, int lane, int ssh, int admin, int cluster) {}

    /** The ports it got. */
    public Ports ports() {
        return doors.ports();
    }

    /** The addresses on which it takes visitors and agents. */
    public List<String> addresses() {
        return doors.addresses();
    }

    /** How many nodes its cluster has, itself included. */
    public int nodes() {
        return nodes.getAsInt();
    }

    /** Where visitors find a host under its domain. */
    public String urlOf(String host) {
        return doors.urlOf(host);
    }

    /** What clients have to trust where the edge certifies itself; empty where it does not. */
    public Optional<Path> localAuthority() {
        return Optional.ofNullable(localAuthority);
    }

    /**
     * Stops in good order: not ready any more, and after the drain's notice agents asked to go elsewhere, names left to
     * other nodes, open exchanges finished or the drain time-out over, then all parts closed. A second call returns what
     * the first did.
     */
    public Future<Void> close() {
        if (closing.compareAndSet(false, true)) {
            // What is broken cannot leave its names to others, and has nothing to wait for.
            Future<Void> unneeded = broken.future().failed()
                    ? Future.succeededFuture()
                    : noticed().compose(noticed -> drained());
            unneeded.eventually(started::stop).onComplete(closed);
        }
        return closed.future();
    }

    /**
     * Fails, with a sentence for the operator, when the node has lost its part of the cluster for good and serves nobody any
     * more: then it should be {@linkplain #close closed}, and another started. Never completes otherwise.
     */
    public Future<Void> broken() {
        return broken.future();
    }

    private Future<Edge> start() {
        return EdgeVerticle.deploy(vertx, options.eventLoopsOrDefault()).compose(this::start);
    }

    private Future<Edge> start(EdgeVerticle.Deployed deployed) {
        started.add(() -> vertx.undeploy(deployed.id()));
        List<EdgeVerticle> shares = deployed.shares();
        // Files and ports first: what is wrong with them is known at once, where the registry takes a second or two.
        return Prepared.read(vertx, options, doors, withoutTokens, started)
                .compose(prepared -> join(shares, prepared).compose(membership -> startRegistry(membership, prepared)
                        .map(registry -> serving(shares, registry, prepared))
                        .compose(serving -> startRelay(membership, serving)
                                .compose(relay -> open(shares, prepared, membership, serving, relay)))))
                .map(this);
    }

    /** The member stands before everything that talks to other nodes. */
    private Future<Membership> join(List<EdgeVerticle> shares, Prepared prepared) {
        // Threads that hand each other every message cost more on few cores than they gain.
        EventLoop shared = shares.size() == 1 ? shares.get(0).eventLoop() : null;
        Prepared.Basics basics = prepared.basics();
        return Membership.start(vertx, options.cluster(), basics.clusterHost(), prepared.busCertificates(), shared)
                .compose(membership -> {
                    HazelcastMember member = membership.member();
                    started.add(() -> membership.leave(vertx));
                    watch(member);
                    if (options.cluster().isOn()) {
                        doors.openToCluster(member.port());
                    }
                    remindOf(prepared.busCertificates());
                    localAuthority = prepared.certificates().localAuthority();
                    return prepared.certificates()
                            .share(member, basics.clusterSecret())
                            .map(membership);
                });
    }

    /** Hears when Hazelcast stops, and looks every second, because it stops without a word when there is no memory left. */
    private void watch(HazelcastMember member) {
        member.onStopped(this::leftByAccident);
        started.every(LOOK, () -> {
            if (!member.isRunning()) {
                leftByAccident();
            }
        });
    }

    private void remindOf(@Nullable BusCertificates certificates) {
        if (certificates != null) {
            certificates.remind(Instant.now());
            started.every(BusCertificates.REMINDED_EVERY, () -> certificates.remind(Instant.now()));
        }
    }

    private Future<Registry> startRegistry(Membership membership, Prepared prepared) {
        RegistryOptions defaults = RegistryOptions.DEFAULT;
        RegistryOptions named = new RegistryOptions(
                options.names().grace(),
                defaults.sweepInterval(),
                defaults.questionsPerSecond(),
                defaults.roomBytes(),
                prepared.basics().clusterSecret());
        return HazelcastRegistry.start(vertx, membership.member(), named).map(registry -> {
            nodes = registry::nodes;
            return started.add(registry, Registry::close);
        });
    }

    private Serving serving(List<EdgeVerticle> shares, Registry registry, Prepared prepared) {
        List<Context> contexts = shares.stream().map(EdgeVerticle::context).toList();
        Authenticator authenticator = prepared.access().agents();
        Offer offer = new Offer(
                options.domain(),
                options.ports().tcp(),
                options.tls().isOffered(),
                options.access().signIn() != null,
                prepared.signIn().knowsGroups(),
                doors::urlOf);
        Binder binder = new Binder(registry, offer, authenticator::reserved);
        Serving serving = new Serving(
                registry,
                binder,
                new Lanes(
                        registry,
                        authenticator,
                        binder,
                        options.lanes(),
                        budget,
                        HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_LANE_BYTES)),
                options.localtunnel().isOn() ? socketPools(registry, contexts) : null,
                options.ssh().port().isOn()
                        ? new SshConnections(registry, binder, options.domain(), budget, contexts)
                        : null);
        if (listener != EdgeListener.NONE) {
            BoundTunnels tunnels = new BoundTunnels(listener, contexts.get(0), binder, serving.carriers());
            registry.onClaims(tunnels);
            started.add(tunnels::close);
        }
        return serving;
    }

    private SocketPools socketPools(Registry registry, List<Context> contexts) {
        DataPort.Place place = new DataPort.Place(
                vertx, doors.addresses(), options.localtunnel().ports());
        return started.add(
                new SocketPools(registry, options.domain(), options.names().grace(), place, contexts, closing::get),
                SocketPools::close);
    }

    /** Other nodes may come in before the doors are open: who knows of a claim here can reach it. */
    private Future<@Nullable Relay> startRelay(Membership membership, Serving serving) {
        Vertx bus = membership.bus();
        if (bus == null) {
            return Future.succeededFuture();
        }
        HazelcastMember member = membership.member();
        return Membership.on(vertx, Relay.start(bus, member.nodeId(), serving.carriers()::to, budget))
                .compose(relay -> {
                    started.add(() -> Membership.on(vertx, relay.close()));
                    member.onNodeLeft(relay::nodeLeft);
                    started.every(MEET, () -> relay.meetAgain(serving.registry().members()));
                    // The other nodes first: no visitor is to pay for that. Who does not answer is met when needed.
                    List<Future<Void>> met =
                            member.others().stream().map(relay::meet).toList();
                    return Membership.on(vertx, Future.join(met)).transform(done -> Future.succeededFuture(relay));
                });
    }

    private Future<Void> open(
            List<EdgeVerticle> shares,
            Prepared prepared,
            Membership membership,
            Serving serving,
            @Nullable Relay relay) {
        Registry registry = serving.registry();
        // What carries visitors from here: what this node has, and where there are other nodes, those too.
        LocalCarriers here = serving.carriers();
        Carriers carriers = relay == null ? here : new ClusterCarriers(here, relay);
        VisitorPort visitors = visitorPort(prepared, serving, carriers);
        if (relay != null) {
            relay.onPeerDraining(visitors::retireStreams);
        }
        drain = new Drain(vertx, registry, serving.lanes(), here, visitors, relay);
        started.every(
                FORGET,
                () -> traffic.keepOnly(
                        registry.tunnels().stream().map(Tunnel::key).collect(Collectors.toSet())));
        return doors.open(
                        shares,
                        visitors,
                        serving.lanes(),
                        prepared.certificates().served())
                .compose(open -> doors.openSsh(prepared.access().ssh(), serving.ssh()))
                .compose(open -> {
                    LocalNode node = localNode(prepared, membership, serving, here, relay);
                    return view(membership, node)
                            .compose(view -> doors.openAdmin(
                                    node,
                                    view,
                                    serving.binder(),
                                    prepared.basics().adminToken()));
                })
                .onSuccess(open -> {
                    started.add(() -> serving.end(vertx, relay));
                    prepared.certificates().order(options.domain(), registry, started);
                    ready = true;
                    told(registry, prepared.basics().label());
                });
    }

    private VisitorPort visitorPort(Prepared prepared, Serving serving, Carriers carriers) {
        IngressOptions forVisitors = new IngressOptions(
                options.domain(),
                options.publicUrl(),
                options.trustedProxies(),
                IngressOptions.Deadlines.DEFAULT,
                options.tls().redirect() ? doors::redirectPort : null,
                prepared.basics().label(),
                options.visitorRate());
        return new VisitorPort(
                forVisitors,
                serving.registry(),
                carriers,
                traffic,
                HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_VISITOR_BYTES),
                LaneDoor.to(serving.lanes()::accept, options.access().insecure()),
                pages(serving.pools()),
                prepared.certificates().proofs(),
                prepared.signIn(),
                prepared.basics().accessLog());
    }

    private OwnPages pages(@Nullable SocketPools pools) {
        return pools == null
                ? OwnPages.NONE
                : new LocaltunnelPages(
                        pools,
                        options.domain(),
                        doors::urlOf,
                        options.localtunnel().address());
    }

    private LocalNode localNode(
            Prepared prepared, Membership membership, Serving serving, LocalCarriers here, @Nullable Relay relay) {
        String version = Edge.class.getPackage().getImplementationVersion();
        boolean everywhere = EdgeOptions.isWildcard(options.bind());
        String clusterHost = prepared.basics().clusterHost();
        String host =
                everywhere && clusterHost != null ? clusterHost : addresses().get(0);
        About about = new About(
                serving.registry().nodeId(),
                prepared.basics().label(),
                host + ":" + ports().http(),
                version == null ? "development" : version,
                System.currentTimeMillis());
        return new LocalNode(
                about,
                serving.registry(),
                serving.lanes(),
                here,
                traffic,
                () -> readiness(membership.member()),
                closing::get,
                prepared.certificates().figures(options.domain(), prepared.busCertificates()),
                relay == null ? RelayFigures.NONE : new RelayFigures(relay::load, relay::unreached));
    }

    /** Nodes ask each other for what their operators look at, so one without an admin port answers too. */
    private Future<ClusterView> view(Membership membership, LocalNode node) {
        Vertx bus = membership.bus();
        if (bus == null) {
            return Future.succeededFuture(ClusterView.alone(node));
        }
        return Membership.on(vertx, BusView.start(bus, node))
                .map(view -> started.add(view, running -> Membership.on(vertx, running.close())));
    }

    private void told(Registry registry, String label) {
        Ports ports = ports();
        LOGGER.atInfo()
                .addKeyValue("node", registry.nodeId())
                .addKeyValue("label", label)
                .addKeyValue("http", ports.http())
                .addKeyValue("https", ports.https())
                .addKeyValue("tls", ports.tls())
                .addKeyValue("lane", ports.lane())
                .addKeyValue("ssh", ports.ssh())
                .addKeyValue("admin", ports.admin())
                .addKeyValue("nodes", registry.nodes())
                .log("edge started");
    }

    private Readiness readiness(HazelcastMember member) {
        if (closing.get()) {
            return Readiness.DRAINING;
        }
        if (broken.future().failed() || !member.isRunning()) {
            return Readiness.BROKEN;
        }
        return ready ? Readiness.READY : Readiness.STARTING;
    }

    /** The one thing that happens to the cluster and is this node's own fault; it finds back from all others. */
    private void leftByAccident() {
        if (!closing.get() && broken.tryFail("Hazelcast has stopped by itself; the edge has to be started anew")) {
            LOGGER.atError()
                    .log("hazelcast has stopped by itself, as it does when memory runs out; "
                            + "not ready any more, this node has to be started anew");
        }
    }

    /** Completes when balancers have noticed that this node is not ready; until then it goes on as before. */
    private Future<Void> noticed() {
        long millis = drain == null ? 0 : options.drainNoticeOrDefault().toMillis();
        if (millis == 0) {
            return Future.succeededFuture();
        }
        LOGGER.atInfo().addKeyValue("millis", millis).log("not ready any more; waiting for balancers to notice");
        Promise<Void> noticed = Promise.promise();
        vertx.setTimer(millis, fired -> noticed.complete());
        return noticed.future();
    }

    private Future<Void> drained() {
        Drain begins = drain;
        return begins == null || options.drainTimeout().isZero()
                ? Future.succeededFuture()
                : begins.within(options.drainTimeout());
    }
}

package dev.culvert.edge;

import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Secret;
import dev.culvert.config.WatchedFile;
import dev.culvert.edge.EdgeVerticle.Opening;
import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.TokenFile;
import dev.culvert.edge.access.TokenFileAuthenticator;
import dev.culvert.edge.access.jwt.JwtAuthenticator;
import dev.culvert.edge.access.jwt.TokensByShape;
import dev.culvert.edge.acme.Acme;
import dev.culvert.edge.admin.About;
import dev.culvert.edge.admin.AdminVerticle;
import dev.culvert.edge.admin.BusView;
import dev.culvert.edge.admin.CertificateFigures;
import dev.culvert.edge.admin.ClusterView;
import dev.culvert.edge.admin.Door;
import dev.culvert.edge.admin.LocalNode;
import dev.culvert.edge.admin.Readiness;
import dev.culvert.edge.admin.RelayFigures;
import dev.culvert.edge.admin.TunnelList;
import dev.culvert.edge.ingress.AccessLog;
import dev.culvert.edge.ingress.IngressOptions;
import dev.culvert.edge.ingress.LaneDoor;
import dev.culvert.edge.ingress.OwnPages;
import dev.culvert.edge.ingress.Proofs;
import dev.culvert.edge.ingress.SignIn;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.lanes.LanePort;
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
import dev.culvert.edge.signin.VisitorSignIn;
import dev.culvert.edge.ssh.SshAccess;
import dev.culvert.edge.ssh.SshConnections;
import dev.culvert.edge.ssh.SshPort;
import dev.culvert.edge.tls.BusCertificate;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.edge.tls.LocalAuthority;
import dev.culvert.edge.tls.PemFiles;
import dev.culvert.edge.tls.ServedCertificate;
import dev.culvert.lane.HeapRoom;
import dev.culvert.lane.WindowBudget;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

    /** Of the heap for each agent's lane that may stand. With the launcher's 256 MiB about 9,500. */
    private static final int HEAP_FOR_LANE_BYTES = 24 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(Edge.class);

    /** How often the counts of tunnels that are gone are dropped. */
    private static final Duration FORGET = Duration.ofMinutes(1);

    /** How often the node looks whether its Hazelcast runs. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often other nodes that have not been reached are tried again. */
    private static final Duration MEET = Duration.ofSeconds(10);

    /** Tells the free ports of one edge from those of another on the same Vert.x. */
    private static final AtomicInteger NEXT_SHARED = new AtomicInteger();

    private final Vertx vertx;
    private final EdgeOptions options;
    /** Who decides where there are neither a tokens file nor issuers. */
    private final Authenticator withoutTokens;

    private final EdgeListener listener;
    private final List<String> addresses;
    private final Traffic traffic = new Traffic();

    private final Started started;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final Promise<Void> closed = Promise.promise();
    private volatile List<EdgeVerticle> shares = List.of();
    private final Promise<Void> broken = Promise.promise();
    private volatile boolean ready;
    private volatile BooleanSupplier memberRuns = () -> true;
    private volatile @Nullable Path localAuthority;
    private volatile @Nullable Certificates certificates;
    private volatile @Nullable Acme acme;
    private volatile SignIn signIn = SignIn.NONE;
    private volatile AccessLog accessLog = AccessLog.NONE;
    private volatile @Nullable SshAccess sshAccess;
    private volatile @Nullable Drain drain;
    private volatile int httpPort = -1;
    private volatile int httpsPort = -1;
    private volatile int tlsPort = -1;
    private volatile int lanePort = -1;
    private volatile int sshPort = -1;
    private volatile int adminPort = -1;
    private volatile int clusterPort = -1;
    private volatile RelayFigures relayFigures = RelayFigures.NONE;
    private volatile IntSupplier nodes = () -> 1;

    private Edge(Vertx vertx, EdgeOptions options, Authenticator withoutTokens, EdgeListener listener) {
        this.vertx = vertx;
        this.options = options;
        this.withoutTokens = withoutTokens;
        this.listener = listener;
        this.started = new Started(vertx);
        this.addresses = Loopback.addresses(Loopback.address("--bind", options.bind()));
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
     * The same with an answer of the caller's own to who may connect an agent, in the place of a tokens file and issuers.
     *
     * @param options without {@code tokens} and {@code issuers}; beyond loopback with {@code allowAnonymous}, which here
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
                    "there are an authenticator and a file of tokens or issuers: choose one");
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
        return new Ports(httpPort, httpsPort, tlsPort, lanePort, sshPort, adminPort, clusterPort);
    }

    /** The addresses on which it takes visitors and agents. */
    public List<String> addresses() {
        return addresses;
    }

    /** How many nodes its cluster has, itself included. */
    public int nodes() {
        return nodes.getAsInt();
    }

    /** Where visitors find a host under its domain. */
    public String urlOf(String host) {
        return publicUrl().ofHost(host);
    }

    private String ownUrl() {
        URI url = options.publicUrl();
        return urlOf(url == null ? options.domain() : url.getHost());
    }

    private String urlOf(String kind, String host) {
        boolean onItsOwnPort = kind.equals("tls") && !options.tls().https().isOn();
        return onItsOwnPort ? new PublicUrl("https", tlsPort).ofHost(host) : urlOf(host);
    }

    private PublicUrl publicUrl() {
        return PublicUrl.of(options.publicUrl(), httpPort, httpsPort);
    }

    /** Where HTTPS is: the operator's word for it, or the port. */
    private int redirectPort() {
        PublicUrl shown = publicUrl();
        return shown.scheme().equals("https") ? shown.port() : httpsPort;
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
        shares = deployed.shares();
        // Threads that hand each other every message cost more on few cores than they gain.
        EventLoop shared = shares.size() == 1 ? shares.get(0).eventLoop() : null;
        // Files and ports first: what is wrong with them is known at once, where the registry takes a second or two.
        return vertx.executeBlocking(this::prepare, false)
                .compose(prepared -> readCertificates().map(prepared))
                .compose(prepared -> readSignIn().map(prepared))
                .compose(prepared -> authenticator().compose(authenticator -> join(shared, authenticator, prepared)))
                .map(this);
    }

    /** The member stands before everything that talks to other nodes. */
    private Future<Void> join(@Nullable EventLoop shared, Authenticator authenticator, Prepared prepared) {
        return Membership.start(vertx, options.cluster(), prepared.clusterHost(), shared)
                .compose(membership -> {
                    started.add(() -> membership.leave(vertx));
                    watch(membership.member());
                    clusterPort = options.cluster().isOn() ? membership.member().port() : -1;
                    remindOf(prepared.busCertificate());
                    return shareCertificates(membership, prepared)
                            .compose(given -> startRegistry(membership, authenticator, prepared));
                });
    }

    /** Hears when Hazelcast stops, and looks every second, because it stops without a word when there is no memory left. */
    private void watch(HazelcastMember member) {
        memberRuns = member::isRunning;
        member.onStopped(this::leftByAccident);
        started.every(LOOK, () -> {
            if (!member.isRunning()) {
                leftByAccident();
            }
        });
    }

    private void remindOf(@Nullable BusCertificate certificate) {
        if (certificate != null) {
            certificate.remind(Instant.now());
            started.every(BusCertificate.REMINDED_EVERY, () -> certificate.remind(Instant.now()));
        }
    }

    private Future<Void> shareCertificates(Membership membership, Prepared prepared) {
        Acme ordering = acme;
        return ordering == null
                ? Future.succeededFuture()
                : ordering.share(membership.member(), prepared.clusterSecret());
    }

    private void orderCertificates(Registry registry) {
        Acme ordering = acme;
        if (ordering != null) {
            started.addAtOnce(ordering::close);
            ordering.begin(() -> hostsOf(registry));
        }
    }

    /** Where TLS ends here: the domain itself, and each tunnel that somebody serves. */
    private Set<String> hostsOf(Registry registry) {
        Set<String> hosts = new HashSet<>(Set.of(options.domain()));
        registry.tunnels().stream()
                .filter(tunnel -> tunnel.isHttp() && !tunnel.claims().isEmpty())
                .forEach(tunnel -> hosts.add(tunnel.key().name()));
        return hosts;
    }

    private Future<Void> startRegistry(Membership membership, Authenticator authenticator, Prepared prepared) {
        RegistryOptions defaults = RegistryOptions.DEFAULT;
        RegistryOptions named = new RegistryOptions(
                options.names().grace(),
                defaults.sweepInterval(),
                defaults.questionsPerSecond(),
                defaults.roomBytes(),
                prepared.clusterSecret());
        return HazelcastRegistry.start(vertx, membership.member(), named).compose(registry -> {
            started.add(registry::close);
            nodes = registry::nodes;
            return startLanes(membership, registry, authenticator, prepared);
        });
    }

    private Future<Void> readSignIn() {
        Path file = options.access().signIn();
        return file == null
                ? Future.succeededFuture()
                : VisitorSignIn.read(vertx, file, this::urlOf, this::ownUrl).map(read -> {
                    started.add(read::close);
                    signIn = read;
                    return null;
                });
    }

    private Future<Authenticator> authenticator() {
        if (options.access().tokens() == null) {
            return readSshAccess(null).compose(read -> besideIssuers(null));
        }
        TokenFile file = new TokenFile(options.access().tokens());
        return TokenFileAuthenticator.start(vertx, file, WatchedFile.INTERVAL).compose(tokens -> {
            started.addAtOnce(tokens::close);
            return readSshAccess(tokens).compose(read -> besideIssuers(tokens));
        });
    }

    private Future<Authenticator> besideIssuers(@Nullable TokenFileAuthenticator tokens) {
        Path file = options.access().issuers();
        if (file == null) {
            return Future.succeededFuture(tokens == null ? withoutTokens : tokens);
        }
        return JwtAuthenticator.start(vertx, file, WatchedFile.INTERVAL).map(jwts -> {
            started.addAtOnce(jwts::close);
            return tokens == null ? jwts : new TokensByShape(jwts, tokens);
        });
    }

    private Future<Void> readSshAccess(@Nullable TokenFileAuthenticator tokens) {
        EdgeOptions.Ssh ssh = options.ssh();
        if (!ssh.port().isOn()) {
            return Future.succeededFuture();
        }
        return SshAccess.read(vertx, ssh.hostKey(), ssh.keys(), tokens).map(access -> {
            started.addAtOnce(access::close);
            sshAccess = access;
            return null;
        });
    }

    private Future<Void> readCertificates() {
        EdgeOptions.Tls tls = options.tls();
        if (!tls.https().isOn()) {
            return Future.succeededFuture();
        }
        String onlyOneFor = tls.acme() == null ? options.domain() : null;
        CertificateSource operators =
                tls.certificates().isEmpty() ? null : new PemFiles(tls.certificates(), onlyOneFor);
        if (tls.acme() != null) {
            return Acme.read(vertx, tls.acme(), options.domain(), operators).compose(read -> {
                acme = read;
                return serve(read.certificates());
            });
        }
        if (operators == null) {
            LocalAuthority authority = new LocalAuthority(tls.authority(), options.domain(), Clock.systemUTC());
            localAuthority = authority.certificateFile();
            return serve(authority);
        }
        return serve(operators);
    }

    private Future<Void> serve(CertificateSource source) {
        return Certificates.start(vertx, source, Certificates.INTERVAL).map(read -> {
            started.addAtOnce(read::close);
            certificates = read;
            return null;
        });
    }

    private Future<Void> startLanes(
            Membership membership, Registry registry, Authenticator authenticator, Prepared prepared) {
        Offer offer = new Offer(
                options.domain(),
                options.ports().tcp(),
                options.tls().isOffered(),
                options.access().signIn() != null,
                signIn.knowsGroups(),
                this::urlOf);
        Binder binder = new Binder(registry, offer, authenticator::reserved);
        WindowBudget budget = new WindowBudget(
                options.lanes().windowBudgetBytes(), HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_STREAM_BYTES));
        Parts parts = new Parts(
                registry,
                binder,
                new Lanes(
                        registry,
                        authenticator,
                        binder,
                        options.lanes(),
                        budget,
                        HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_LANE_BYTES)),
                options.localtunnel().isOn() ? socketPools(registry) : null,
                options.ssh().port().isOn()
                        ? new SshConnections(registry, binder, options.domain(), budget, contexts())
                        : null);
        if (listener != EdgeListener.NONE) {
            BoundTunnels tunnels = new BoundTunnels(listener, contexts().get(0), binder, parts.carriers());
            registry.onClaims(tunnels);
            started.add(tunnels::close);
        }
        Vertx bus = membership.bus();
        if (bus == null) {
            return openDoors(membership, parts, null, prepared);
        }
        HazelcastMember member = membership.member();
        // Other nodes may come in before the doors are open: who knows of a claim here can reach it.
        return Membership.on(vertx, Relay.start(bus, member.nodeId(), parts.carriers()::to, budget))
                .compose(relay -> {
                    started.add(() -> Membership.on(vertx, relay.close()));
                    member.onNodeLeft(relay::nodeLeft);
                    relayFigures = new RelayFigures(relay::load, relay::unreached);
                    started.every(MEET, () -> relay.meetAgain(registry.members()));
                    // The other nodes first: no visitor is to pay for that. Who does not answer is met when needed.
                    List<Future<Void>> met =
                            member.others().stream().map(relay::meet).toList();
                    return Membership.on(vertx, Future.join(met))
                            .transform(done -> openDoors(membership, parts, relay, prepared));
                });
    }

    /** What serves tunnels from here, and whom it asks for names. */
    private record Parts(
            Registry registry,
            Binder binder,
            Lanes lanes,
            @Nullable SocketPools pools,
            @Nullable SshConnections ssh) {

        LocalCarriers carriers() {
            LocalCarriers carriers = lanes;
            if (pools != null) {
                carriers = LocalCarriers.of(carriers, pools);
            }
            if (ssh != null) {
                carriers = LocalCarriers.of(carriers, ssh);
            }
            return carriers;
        }
    }

    private SocketPools socketPools(Registry registry) {
        DataPort.Place place =
                new DataPort.Place(vertx, addresses, options.localtunnel().ports());
        SocketPools pools =
                new SocketPools(registry, options.domain(), options.names().grace(), place, contexts(), closing::get);
        started.add(pools::close);
        return pools;
    }

    private List<Context> contexts() {
        return shares.stream().map(EdgeVerticle::context).toList();
    }

    private OwnPages pages(@Nullable SocketPools pools) {
        return pools == null
                ? OwnPages.NONE
                : new LocaltunnelPages(
                        pools,
                        options.domain(),
                        this::urlOf,
                        options.localtunnel().address());
    }

    private Future<Void> openDoors(Membership membership, Parts parts, @Nullable Relay relay, Prepared prepared) {
        Registry registry = parts.registry();
        Lanes lanes = parts.lanes();
        // What carries visitors from here: what this node has, and where there are other nodes, those too.
        LocalCarriers here = parts.carriers();
        Carriers carriers = relay == null ? here : new ClusterCarriers(here, relay);
        IngressOptions forVisitors = new IngressOptions(
                options.domain(),
                options.publicUrl(),
                options.trustedProxies(),
                IngressOptions.Deadlines.DEFAULT,
                options.tls().redirect() ? this::redirectPort : null,
                prepared.label(),
                options.visitorRate());
        VisitorPort visitors = new VisitorPort(
                forVisitors,
                registry,
                carriers,
                traffic,
                HeapRoom.forEach(HEAP_BESIDES_BYTES, HEAP_FOR_VISITOR_BYTES),
                LaneDoor.to(lanes::accept, options.access().insecure()),
                pages(parts.pools()),
                acme == null ? Proofs.NONE : acme,
                signIn,
                accessLog);
        if (relay != null) {
            relay.onPeerDraining(visitors::retireStreams);
        }
        drain = new Drain(vertx, registry, lanes, here, visitors, relay);
        started.every(FORGET, () -> forgetTraffic(registry));
        return Listening.again(
                        () -> openPorts(visitors, lanes),
                        List.of(
                                options.ports().http(),
                                options.tls().https(),
                                options.tls().passthrough(),
                                options.ports().lane()))
                .compose(open -> openSsh(parts.ssh()))
                // The admin port last: whoever asks it finds a node that works.
                .compose(open -> {
                    LocalNode node = localNode(registry, lanes, here, prepared);
                    return view(membership, node)
                            .compose(cluster -> openAdmin(node, cluster, parts.binder(), prepared));
                })
                .onSuccess(open -> {
                    started.add(() -> endCarriers(parts, relay));
                    orderCertificates(registry);
                    ready = true;
                    told(registry, prepared.label());
                });
    }

    /**
     * Ends what carries visitors before their sockets go: who is in the midst of something sees that it broke off, and no end that
     * looks like one. Agents hear a goodbye.
     */
    private Future<Void> endCarriers(Parts parts, @Nullable Relay relay) {
        parts.lanes().close();
        return Future.join(
                        parts.pools() == null
                                ? Future.succeededFuture()
                                : parts.pools().close(),
                        relay == null ? Future.succeededFuture() : Membership.on(vertx, relay.close()))
                .mapEmpty();
    }

    /** Visitors before agents, because an agent is told the URL with the visitor port in it. */
    private Future<Void> openPorts(VisitorPort visitors, Lanes lanes) {
        List<Opening> openings = new ArrayList<>();
        PortRange tcp = options.ports().tcp();
        if (tcp.isOn()) {
            // First: a free port that is picked for another door is then none of these.
            IntStream.rangeClosed(tcp.first(), tcp.last())
                    .forEach(port -> openings.add(new Opening("tcp-ports", port, visitors::listenTcp, opened -> {})));
        }
        if (options.ports().http().isOn()) {
            openings.add(new Opening(
                    "http-port", number(options.ports().http()), visitors::listen, port -> httpPort = port));
        }
        Certificates served = certificates;
        if (served != null) {
            openings.add(new Opening(
                    "https-port",
                    number(options.tls().https()),
                    (on, address, port) -> visitors.listenTls(on, address, port, served),
                    port -> httpsPort = port));
        }
        if (options.tls().passthrough().isOn()) {
            openings.add(new Opening(
                    "tls-port",
                    number(options.tls().passthrough()),
                    (on, address, port) -> visitors.listenTls(on, address, port, null),
                    port -> tlsPort = port));
        }
        if (options.ports().lane().isOn()) {
            openings.add(new Opening(
                    "lane-port",
                    number(options.ports().lane()),
                    (on, address, port) ->
                            new LanePort(lanes, certificates, options.access().insecure()).listen(on, address, port),
                    port -> lanePort = port));
        }
        Supplier<Future<Void>> closing = () -> ofEachShare(EdgeVerticle::closePorts);
        return ofEachShare(share -> share.open(addresses, openings))
                .onSuccess(open -> started.add(closing))
                .recover(fault -> closing.get().transform(closed -> Future.failedFuture(fault)));
    }

    /** After the visitors' ports, as the agents': clients are told URLs too. */
    private Future<Void> openSsh(@Nullable SshConnections connections) {
        SshAccess access = sshAccess;
        if (connections == null || access == null) {
            return Future.succeededFuture();
        }
        ListenPort port = options.ssh().port();
        return Listening.again(
                () -> SshPort.open(vertx, addresses, port.number(), access, connections)
                        .recover(fault -> Future.failedFuture(
                                Listening.inWords("ssh-port", addresses.get(0), port.number(), fault)))
                        .map(open -> {
                            started.add(() -> connections.close().compose(gone -> open.close()));
                            sshPort = open.number();
                            return null;
                        }),
                List.of(port));
    }

    private Future<Void> ofEachShare(Function<EdgeVerticle, Future<Void>> action) {
        return Future.join(shares.stream().map(action).toList()).mapEmpty();
    }

    /** Vert.x takes a number below 0 for one free port that all who say that number share. */
    private static int number(ListenPort port) {
        return port.equals(ListenPort.FREE) ? -NEXT_SHARED.incrementAndGet() : port.number();
    }

    private LocalNode localNode(Registry registry, Lanes lanes, LocalCarriers here, Prepared prepared) {
        String version = Edge.class.getPackage().getImplementationVersion();
        boolean everywhere = EdgeOptions.isWildcard(options.bind());
        String host = everywhere && prepared.clusterHost() != null ? prepared.clusterHost() : addresses.get(0);
        About about = new About(
                registry.nodeId(),
                prepared.label(),
                host + ":" + httpPort,
                version == null ? "development" : version,
                System.currentTimeMillis());
        return new LocalNode(
                about,
                registry,
                lanes,
                here,
                traffic,
                this::readiness,
                closing::get,
                certificateFigures(prepared),
                relayFigures);
    }

    private CertificateFigures certificateFigures(Prepared prepared) {
        Acme ordering = acme;
        BusCertificate onBus = prepared.busCertificate();
        double busEnd = onBus == null ? Double.NaN : onBus.until().getEpochSecond();
        return new CertificateFigures(
                this::ownCertificateEnds,
                busEnd,
                ordering == null ? () -> 0 : ordering::received,
                ordering == null ? () -> 0 : ordering::failed);
    }

    private double ownCertificateEnds() {
        Certificates served = certificates;
        ServedCertificate own = served == null ? null : served.ownOf(options.domain());
        return own == null ? Double.NaN : own.until().getEpochSecond();
    }

    /** Nodes ask each other for what their operators look at, so one without an admin port answers too. */
    private Future<ClusterView> view(Membership membership, LocalNode node) {
        Vertx bus = membership.bus();
        if (bus == null) {
            return Future.succeededFuture(ClusterView.alone(node));
        }
        return Membership.on(vertx, BusView.start(bus, node)).map(view -> {
            started.add(() -> Membership.on(vertx, view.close()));
            return view;
        });
    }

    private Future<Void> openAdmin(LocalNode node, ClusterView cluster, Binder binder, Prepared prepared) {
        ListenPort port = options.admin().port();
        if (!port.isOn()) {
            return Future.succeededFuture();
        }
        InetAddress bind = Loopback.address("--admin-bind", options.admin().bind());
        List<String> adminAddresses = Loopback.addresses(bind);
        TunnelList tunnels = new TunnelList(node.registry(), options.domain(), binder::urlOf, cluster);
        Door door = new Door(Loopback.is(bind), prepared.adminToken());
        return Listening.again(
                () -> {
                    AdminVerticle admin =
                            new AdminVerticle(adminAddresses, port.number(), door, node, cluster, tunnels);
                    return vertx.deployVerticle(admin)
                            .recover(fault -> Future.failedFuture(
                                    Listening.inWords("admin-port", adminAddresses.get(0), port.number(), fault)))
                            .map(id -> {
                                started.add(() -> vertx.undeploy(id));
                                adminPort = admin.port();
                                return null;
                            });
                },
                List.of(port));
    }

    /** What has to be waited for: what files hold and the machine is called. */
    private record Prepared(
            @Nullable Secret adminToken,
            @Nullable Secret clusterSecret,
            @Nullable String clusterHost,
            @Nullable BusCertificate busCertificate,
            String label) {}

    private Prepared prepare() {
        String clusterHost = Membership.address(options);
        Prepared prepared = new Prepared(
                SecretFile.read("admin-token-file", options.admin().tokenFile()),
                SecretFile.read("cluster-secret-file", options.names().clusterSecretFile()),
                clusterHost,
                Membership.certificate(options.cluster(), Instant.now()),
                label());
        Listening.probe("http-port", addresses, options.ports().http().number());
        Listening.probe("https-port", addresses, options.tls().https().number());
        Listening.probe("tls-port", addresses, options.tls().passthrough().number());
        Listening.probe("lane-port", addresses, options.ports().lane().number());
        Listening.probe("ssh-port", addresses, options.ssh().port().number());
        PortRange tcp = options.ports().tcp();
        for (int port = tcp.first(); tcp.contains(port); port++) {
            Listening.probe("tcp-ports", addresses, port);
        }
        InetAddress admin = Loopback.address("--admin-bind", options.admin().bind());
        Listening.probe(
                "admin-port", Loopback.addresses(admin), options.admin().port().number());
        Membership.probe(options.cluster(), clusterHost);
        openAccessLog();
        return prepared;
    }

    private void openAccessLog() {
        Path path = options.accessLog();
        if (path != null) {
            AccessLogFile file = AccessLogFile.open(path);
            accessLog = file;
            started.add(() -> vertx.executeBlocking(
                    () -> {
                        file.close();
                        return null;
                    },
                    false));
        }
    }

    private void forgetTraffic(Registry registry) {
        traffic.keepOnly(registry.tunnels().stream().map(Tunnel::key).collect(Collectors.toSet()));
    }

    /** What the node is called in its log. */
    private String label() {
        if (options.nodeId() != null) {
            return options.nodeId();
        }
        try {
            String host = InetAddress.getLocalHost().getHostName();
            return host.matches("[!-~]+") ? host : "unnamed"; // It stands in a header field.
        } catch (UnknownHostException e) {
            return "unnamed";
        }
    }

    private void told(Registry registry, String label) {
        LOGGER.atInfo()
                .addKeyValue("node", registry.nodeId())
                .addKeyValue("label", label)
                .addKeyValue("http", httpPort)
                .addKeyValue("https", httpsPort)
                .addKeyValue("tls", tlsPort)
                .addKeyValue("lane", lanePort)
                .addKeyValue("ssh", sshPort)
                .addKeyValue("admin", adminPort)
                .addKeyValue("nodes", registry.nodes())
                .log("edge started");
    }

    private Readiness readiness() {
        if (closing.get()) {
            return Readiness.DRAINING;
        }
        if (broken.future().failed() || !memberRuns.getAsBoolean()) {
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

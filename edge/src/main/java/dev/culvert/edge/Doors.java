package dev.culvert.edge;

import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Secret;
import dev.culvert.edge.EdgeVerticle.Opening;
import dev.culvert.edge.admin.AdminVerticle;
import dev.culvert.edge.admin.ClusterView;
import dev.culvert.edge.admin.Door;
import dev.culvert.edge.admin.LocalNode;
import dev.culvert.edge.admin.TunnelList;
import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.LanePort;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.ssh.SshAccess;
import dev.culvert.edge.ssh.SshConnections;
import dev.culvert.edge.ssh.SshPort;
import dev.culvert.edge.tls.Certificates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Where a node listens: its ports in the order in which they are opened, the numbers that they got, and the URLs with these
 * in them. Safe for use by any thread.
 */
final class Doors {
    /** Tells the free ports of one edge from those of another on the same Vert.x. */
    private static final AtomicInteger NEXT_SHARED = new AtomicInteger();

    private final Vertx vertx;
    private final EdgeOptions options;
    private final Started started;
    private final List<String> addresses;
    private volatile int http = -1;
    private volatile int https = -1;
    private volatile int tls = -1;
    private volatile int lane = -1;
    private volatile int ssh = -1;
    private volatile int admin = -1;
    private volatile int cluster = -1;

    Doors(Vertx vertx, EdgeOptions options, Started started) {
        this.vertx = vertx;
        this.options = options;
        this.started = started;
        this.addresses = Loopback.addresses(Loopback.address("--bind", options.bind()));
    }

    List<String> addresses() {
        return addresses;
    }

    Edge.Ports ports() {
        return new Edge.Ports(http, https, tls, lane, ssh, admin, cluster);
    }

    /** Where visitors find a host, once the visitor ports are open. */
    String urlOf(String host) {
        return publicUrl().ofHost(host);
    }

    /** The same for a host whose tunnel is of this kind. */
    String urlOf(String kind, String host) {
        boolean onItsOwnPort = kind.equals("tls") && !options.tls().https().isOn();
        return onItsOwnPort ? new PublicUrl("https", tls).ofHost(host) : urlOf(host);
    }

    /** Where visitors find the edge itself. */
    String ownUrl() {
        URI url = options.publicUrl();
        return urlOf(url == null ? options.domain() : url.getHost());
    }

    /** Where HTTPS is: the operator's word for it, or the port. */
    int redirectPort() {
        PublicUrl shown = publicUrl();
        return shown.scheme().equals("https") ? shown.port() : https;
    }

    private PublicUrl publicUrl() {
        return PublicUrl.of(options.publicUrl(), http, https);
    }

    /** Tries the ports, so that a taken one is known before anything is started. Blocks. */
    void probe() {
        Listening.probe("http-port", addresses, options.ports().http().number());
        Listening.probe("https-port", addresses, options.tls().https().number());
        Listening.probe("tls-port", addresses, options.tls().passthrough().number());
        Listening.probe("lane-port", addresses, options.ports().lane().number());
        Listening.probe("ssh-port", addresses, options.ssh().port().number());
        PortRange tcp = options.ports().tcp();
        for (int port = tcp.first(); tcp.contains(port); port++) {
            Listening.probe("tcp-ports", addresses, port);
        }
        InetAddress bind = Loopback.address("--admin-bind", options.admin().bind());
        Listening.probe(
                "admin-port", Loopback.addresses(bind), options.admin().port().number());
    }

    /** Other nodes come in here: Hazelcast has opened it. */
    void openToCluster(int port) {
        cluster = port;
    }

    /**
     * Opens those of visitors and agents.
     *
     * @param certificates for where TLS ends here; null where it does not
     */
    Future<Void> open(
            List<EdgeVerticle> shares, VisitorPort visitors, Lanes lanes, @Nullable Certificates certificates) {
        return Listening.again(
                () -> openOnce(shares, openings(visitors, lanes, certificates)),
                List.of(
                        options.ports().http(),
                        options.tls().https(),
                        options.tls().passthrough(),
                        options.ports().lane()));
    }

    private Future<Void> openOnce(List<EdgeVerticle> shares, List<Opening> openings) {
        Supplier<Future<Void>> closing = () -> ofEach(shares, EdgeVerticle::closePorts);
        return ofEach(shares, share -> share.open(addresses, openings)).transform(opened -> {
            if (opened.failed()) {
                return closing.get().transform(closed -> Future.failedFuture(opened.cause()));
            }
            started.add(closing);
            return Future.succeededFuture();
        });
    }

    private static Future<Void> ofEach(List<EdgeVerticle> shares, Function<EdgeVerticle, Future<Void>> action) {
        return Future.join(shares.stream().map(action).toList()).mapEmpty();
    }

    /** Visitors before agents, because an agent is told the URL with the visitor port in it. */
    private List<Opening> openings(VisitorPort visitors, Lanes lanes, @Nullable Certificates certificates) {
        List<Opening> openings = new ArrayList<>();
        PortRange tcp = options.ports().tcp();
        if (tcp.isOn()) {
            // First: a free port that is picked for another door is then none of these.
            IntStream.rangeClosed(tcp.first(), tcp.last())
                    .forEach(port -> openings.add(new Opening("tcp-ports", port, visitors::listenTcp, opened -> {})));
        }
        add(openings, "http-port", options.ports().http(), visitors::listen, port -> http = port);
        add(
                openings,
                "https-port",
                options.tls().https(),
                (on, address, port) -> visitors.listenTls(on, address, port, certificates),
                port -> https = port);
        add(
                openings,
                "tls-port",
                options.tls().passthrough(),
                (on, address, port) -> visitors.listenTls(on, address, port, null),
                port -> tls = port);
        LanePort agents = new LanePort(lanes, certificates, options.access().insecure());
        add(openings, "lane-port", options.ports().lane(), agents::listen, port -> lane = port);
        return openings;
    }

    private static void add(
            List<Opening> openings, String option, ListenPort port, Opening.Listen listen, IntConsumer chosen) {
        if (port.isOn()) {
            // Vert.x takes a number below 0 for one free port that all who say that number share.
            int number = port.equals(ListenPort.FREE) ? -NEXT_SHARED.incrementAndGet() : port.number();
            openings.add(new Opening(option, number, listen, chosen));
        }
    }

    /** After the visitors' ports, as the agents': clients are told URLs too. */
    Future<Void> openSsh(@Nullable SshAccess access, @Nullable SshConnections connections) {
        if (access == null || connections == null) {
            return Future.succeededFuture();
        }
        ListenPort port = options.ssh().port();
        return Listening.again(
                () -> SshPort.open(vertx, addresses, port.number(), access, connections)
                        .recover(fault -> Future.failedFuture(
                                Listening.inWords("ssh-port", addresses.get(0), port.number(), fault)))
                        .map(open -> {
                            started.add(() -> connections.close().compose(gone -> open.close()));
                            ssh = open.number();
                            return null;
                        }),
                List.of(port));
    }

    /** The last one: whoever asks there finds a node that works. */
    Future<Void> openAdmin(LocalNode node, ClusterView view, Binder binder, @Nullable Secret token) {
        ListenPort port = options.admin().port();
        if (!port.isOn()) {
            return Future.succeededFuture();
        }
        InetAddress bind = Loopback.address("--admin-bind", options.admin().bind());
        List<String> adminAddresses = Loopback.addresses(bind);
        TunnelList tunnels = new TunnelList(node.registry(), options.domain(), binder::urlOf, view);
        Door door = new Door(Loopback.is(bind), token);
        return Listening.again(
                () -> {
                    AdminVerticle verticle =
                            new AdminVerticle(adminAddresses, port.number(), door, node, view, tunnels);
                    return vertx.deployVerticle(verticle)
                            .recover(fault -> Future.failedFuture(
                                    Listening.inWords("admin-port", adminAddresses.get(0), port.number(), fault)))
                            .map(id -> {
                                started.add(() -> vertx.undeploy(id));
                                admin = verticle.port();
                                return null;
                            });
                },
                List.of(port));
    }
}

package dev.culvert.edge.demo;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.config.ListenPort;
import dev.culvert.edge.ClusterOptions;
import dev.culvert.edge.Edge;
import dev.culvert.edge.EdgeOptions;
import dev.culvert.edge.PortTakenException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * Two edges of one cluster, an agent and a sample site in one process. The agent has its lane to the first edge, so that
 * what visitors of the second one see has been relayed. Keeps nothing on disk: the agent's secret is made up and forgotten.
 *
 * @param edge the edge that the agent is connected to
 * @param second the edge that reaches it through the other
 * @param agent the agent
 * @param tunnel from the edge to the sample site
 * @param sitePort where the sample site listens
 * @param out where people read
 */
public record Demo(Edge edge, Edge second, Agent agent, Tunnel tunnel, int sitePort, PrintWriter out) {
    /** The edge's defaults, but it does not wait long for a browser whose page keeps a WebSocket open. */
    public static final EdgeOptions OPTIONS = EdgeOptions.DEFAULT
            .withDrainNotice(Duration.ZERO) // There is no balancer to notice anything.
            .withDrainTimeout(Duration.ofMillis(500));

    private static final String NAME = "demo";

    /**
     * Starts all of it. A port that is taken is named on {@code out}, and a free one used.
     *
     * @param vertx stays the caller's; the sample site ends with it
     */
    public static Future<Demo> start(Vertx vertx, EdgeOptions options, PrintWriter out) {
        SampleSite site = new SampleSite();
        // A name of its own: a second demo on this machine is a second cluster.
        ClusterOptions cluster = ClusterOptions.local("demo-" + UUID.randomUUID());
        return vertx.deployVerticle(site)
                .compose(deployed -> startEdge(vertx, options.withCluster(cluster, "edge-1"), out))
                .compose(edge -> startEdge(vertx, next(options).withCluster(cluster, "edge-2"), out)
                        .compose(second -> startAgent(vertx, edge, second, site.port(), out)
                                .recover(fault -> closing(second, fault)))
                        .recover(fault -> closing(edge, fault)));
    }

    private static <T> Future<T> closing(Edge edge, Throwable fault) {
        return edge.close().transform(closed -> Future.failedFuture(fault));
    }

    private static Future<Demo> startAgent(Vertx vertx, Edge edge, Edge second, int sitePort, PrintWriter out) {
        AgentOptions anonymous = AgentOptions.of("127.0.0.1:" + edge.ports().lane())
                .withStateFolder(null)
                .withLanes(1);
        Agent agent = Agent.on(vertx, anonymous, new RequestLines(out));
        return agent.open(TunnelOptions.http(sitePort).withName(NAME))
                .map(tunnel -> new Demo(edge, second, agent, tunnel, sitePort, out));
    }

    private static Future<Edge> startEdge(Vertx vertx, EdgeOptions options, PrintWriter out) {
        return Edge.start(vertx, options).recover(fault -> {
            if (!(fault instanceof PortTakenException taken)
                    || without(options, taken.port()).equals(options)) {
                return Future.failedFuture(fault);
            }
            out.printf("Port %d is taken, so a free one stands in for --%s.%n", taken.port(), taken.option());
            out.flush();
            return startEdge(vertx, without(options, taken.port()), out);
        });
    }

    /** The options with the ports one further. */
    private static EdgeOptions next(EdgeOptions options) {
        return options.withPorts(
                next(options.ports().http()),
                next(options.ports().lane()),
                next(options.admin().port()));
    }

    private static ListenPort next(ListenPort port) {
        return port.number() > 0 ? new ListenPort(port.number() + 1) : port;
    }

    /** The options with free ports in place of the taken one. */
    private static EdgeOptions without(EdgeOptions options, int taken) {
        return options.withPorts(
                unless(options.ports().http(), taken),
                unless(options.ports().lane(), taken),
                unless(options.admin().port(), taken));
    }

    private static ListenPort unless(ListenPort port, int taken) {
        return port.number() == taken ? ListenPort.FREE : port;
    }

    /** Says what runs and where to look. */
    public void greet() {
        int http = edge.ports().http();
        String lane = edge.ports().lane() == EdgeOptions.DEFAULT.ports().lane().number()
                ? ""
                : " --edge 127.0.0.1:" + edge.ports().lane();
        List<String> lines = List.of(
                "",
                "  Culvert demo: a sample site behind a tunnel, all of it on this machine.",
                "",
                "    open        " + tunnel.url(),
                "    or          curl -H 'Host: %s' http://127.0.0.1:%d/".formatted(host(), http),
                "",
                "    relayed     %s, the same through the second edge"
                        .formatted(second.urlOf(host().replaceFirst(":.*", ""))),
                "    cluster     http://127.0.0.1:%d/".formatted(edge.ports().admin()),
                "",
                "    edge-1      visitors on port %d, agents on port %d"
                        .formatted(http, edge.ports().lane()),
                "    edge-2      visitors on port %d, agents on port %d"
                        .formatted(second.ports().http(), second.ports().lane()),
                "    agent       keeps the tunnel from edge-1 to the site on port " + sitePort,
                "",
                "  Where *.localhost does not resolve, docs/dns.md helps.",
                "  Next, with a server of your own on port 3000, in another terminal:  culvert http 3000" + lane,
                "  Ctrl-C ends all of it. Requests:",
                "");
        lines.forEach(out::println);
        out.flush();
    }

    /** Fails when one of its edges is {@linkplain Edge#broken broken}. */
    public Future<Void> broken() {
        return Future.all(edge.broken(), second.broken()).mapEmpty();
    }

    /** Ends all of it but the site, which ends with the caller's Vert.x. */
    public Future<Void> close() {
        return agent.close().eventually(second::close).eventually(edge::close);
    }

    private String host() {
        return tunnel.url().substring("http://".length());
    }
}

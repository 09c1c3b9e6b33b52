package dev.culvert.edge.testkit;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.config.ListenPort;
import dev.culvert.edge.ClusterOptions;
import dev.culvert.edge.Edge;
import dev.culvert.edge.EdgeOptions;
import dev.culvert.edge.registry.TestMembers;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole edges of one cluster in one JVM, on loopback, with agents and targets. */
public final class Cluster implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Cluster.class);

    private final String name = "test-" + UUID.randomUUID();
    private final Vertx vertx = Vertx.vertx();
    private final List<Edge> edges = new CopyOnWriteArrayList<>();
    private final Set<Edge> ended = ConcurrentHashMap.newKeySet();
    private final List<Agent> agents = new ArrayList<>();

    /** Starts so many edges. */
    public static Cluster start(int count) {
        Cluster cluster = new Cluster();
        for (int i = 0; i < count; i++) {
            cluster.join();
        }
        return cluster;
    }

    public Vertx vertx() {
        return vertx;
    }

    /** Starts one more edge. */
    public Edge join() {
        return join(options());
    }

    public Edge join(EdgeOptions options) {
        Edge edge = Nodes.await(Edge.start(vertx, options));
        edges.add(edge);
        return edge;
    }

    /** What the next edge starts with. */
    public EdgeOptions options() {
        return options(null);
    }

    /** The same with certificates for the event bus. */
    public EdgeOptions options(@Nullable Path busTls) {
        List<String> others = edges.stream()
                .map(edge -> "127.0.0.1:" + edge.ports().cluster())
                .toList();
        return EdgeOptions.DEFAULT
                .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
                .withEventLoops(1)
                .withDrainNotice(Duration.ZERO)
                .withDrainTimeout(Duration.ofSeconds(8))
                .withCluster(ClusterOptions.onLoopback(name, others).withBusTls(busTls), "node-" + edges.size());
    }

    private Stream<Edge> running() {
        return edges.stream().filter(edge -> !ended.contains(edge));
    }

    /** Stops a node in good order. */
    public Future<Void> stop(Edge edge) {
        ended.add(edge);
        return edge.close();
    }

    /** Ends a node's membership and its lanes at once, without a word. */
    public void kill(Edge edge) {
        ended.add(edge);
        TestMembers.killAt(edge.ports().cluster());
        edge.close().onFailure(fault -> LOGGER.atDebug().setCause(fault).log("a killed node is gone"));
    }

    public Edge get(int index) {
        return edges.get(index);
    }

    /** The agents' doors of all edges. */
    public Balancer lanes() {
        return Balancer.before(vertx, running().map(edge -> edge.ports().lane()).toList());
    }

    /** The visitors' doors of all edges. */
    public Balancer doors() {
        return Balancer.before(vertx, running().map(edge -> edge.ports().http()).toList());
    }

    /** An agent of an owner of its own that keeps lanes through a port, until the end of the test. */
    public Agent agent(int port, int lanes) {
        return agent(port, lanes, null);
    }

    /** The same, of the owner whose secret is in the folder. */
    public Agent agent(int port, int lanes, @Nullable Path state) {
        return agent("127.0.0.1:" + port, lanes, state);
    }

    /** The same with an edge as {@code --edge} takes it. */
    public Agent agent(String edge, int lanes, @Nullable Path state) {
        return agent(AgentOptions.of(edge).withStateFolder(state).withLanes(lanes));
    }

    /** Any agent, until the end of the test. */
    public Agent agent(AgentOptions options) {
        Agent agent = Agent.on(vertx, options, AgentListener.NONE);
        agents.add(agent);
        return agent;
    }

    /** What the registry's members have done so far. */
    public TestMembers.Operations operations() {
        return TestMembers.operationsAt(
                running().map(edge -> edge.ports().cluster()).collect(Collectors.toSet()));
    }

    /** A target that answers everybody with this text. */
    public int site(String text) {
        return site(request -> request.response().end(Buffer.buffer(text)));
    }

    public int site(io.vertx.core.Handler<HttpServerRequest> handler) {
        HttpServer server =
                Nodes.await(vertx.createHttpServer().requestHandler(handler).listen(0, "127.0.0.1"));
        return server.actualPort();
    }

    /** What a visitor of the host gets at an edge. */
    public static RawVisitor.Answer visit(Edge edge, String host) throws IOException {
        try (RawVisitor visitor = new RawVisitor(edge.ports().http())) {
            return visitor.send("GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n".formatted(host))
                    .awaitAnswer();
        }
    }

    @Override
    public void close() {
        agents.forEach(agent -> Nodes.await(agent.close()));
        running().toList().forEach(edge -> Nodes.await(edge.close()));
        Nodes.await(vertx.close());
    }
}

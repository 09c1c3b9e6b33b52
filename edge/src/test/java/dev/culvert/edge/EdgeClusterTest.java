package dev.culvert.edge;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.edge.registry.TestMembers;
import dev.culvert.edge.testkit.Balancer;
import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.RawVisitor;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three edges that are one platform, while nodes come and go. */
@Timeout(90)
class EdgeClusterTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: %s\r\n\r\n";

    private static final int VISITS = 1000;

    private static final int MOST_ROUNDS = 5;

    @TempDir
    Path owner;

    private Cluster cluster;

    @BeforeEach
    void start() {
        cluster = Cluster.start(3);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void everyTunnelAnswersThroughEveryNode() throws Exception {
        for (int node = 0; node < 3; node++) {
            Agent agent = cluster.agent(cluster.get(node).ports().lane(), 1);
            open(agent, "at-" + node);
        }

        for (int node = 0; node < 3; node++) {
            for (int tunnel = 0; tunnel < 3; tunnel++) {
                String name = "at-" + tunnel;
                assertEquals(
                        name,
                        Cluster.visit(cluster.get(node), name + ".localhost").body());
            }
        }
    }

    @Test
    void visitorsOfAKnownNameAskNobodyWhereItIs() throws Exception {
        Agent agent = cluster.agent(cluster.get(0).ports().lane(), 1);
        open(agent, "shop");
        visitEachNode(1);
        assertTrue(cluster.operations().ofRegistry() > 0, "the bind was not counted");

        // The members watch each other and compare their copies now and then, whoever visits. What a visitor costs
        // shows
        // in every round; what they do by themselves does not.
        long fewest = Long.MAX_VALUE;
        for (int round = 0; round < MOST_ROUNDS && fewest >= VISITS; round++) {
            TestMembers.Operations before = cluster.operations();
            visitEachNode(VISITS);
            TestMembers.Operations since = cluster.operations().since(before);
            assertEquals(0, since.ofRegistry());
            fewest = Math.min(fewest, since.all());
        }
        assertTrue(fewest < VISITS, "%d operations for %d visitors".formatted(fewest, 3 * VISITS));
    }

    private void visitEachNode(int times) throws IOException {
        for (int node = 0; node < 3; node++) {
            for (int i = 0; i < times; i++) {
                assertEquals(
                        "shop",
                        Cluster.visit(cluster.get(node), "shop.localhost").body());
            }
        }
    }

    @Test
    void visitorOnAnotherNodeInTheMomentAfterABindIsNeverToldThatTheNameIsUnknown() throws Exception {
        Agent agent = cluster.agent(cluster.get(1).ports().lane(), 1);
        for (int i = 0; i < 20; i++) {
            String host = "new-%d.localhost".formatted(i);
            assertEquals(404, Cluster.visit(cluster.get(0), host).status());

            open(agent, "new-" + i);

            assertEquals("new-" + i, Cluster.visit(cluster.get(0), host).body());
        }
    }

    @Test
    void agentKeepsLanesToTwoNodesThroughOneAddress() throws Exception {
        Balancer lanes = cluster.lanes();
        open(cluster.agent(lanes.port(), 2), "shop");

        await().until(() -> holders("shop").size() == 2);
        for (int node = 0; node < 3; node++) {
            assertEquals(
                    "shop", Cluster.visit(cluster.get(node), "shop.localhost").body());
        }
    }

    @Test
    void nodeThatIsStoppedUnderRequestsFailsNone() throws Exception {
        // Given visitors on every node, one request after the other on kept connections, and an agent with two lanes
        Balancer lanes = cluster.lanes();
        open(cluster.agent(lanes.port(), 2), "shop");
        await().until(() -> holders("shop").size() == 2);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger answered = new AtomicInteger();
        List<String> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> visitors = new ArrayList<>();
        Set<Integer> accepting = java.util.concurrent.ConcurrentHashMap.newKeySet();
        for (int node = 0; node < 3; node++) {
            accepting.add(cluster.get(node).ports().http());
        }
        for (int i = 0; i < 3; i++) {
            Thread visitor = new Thread(() -> visit(accepting, over, answered, failures), "visitor-" + i);
            visitor.start();
            visitors.add(visitor);
        }
        await().until(() -> answered.get() > 100);

        // When the nodes that hold it are stopped, one after the other and another started in between
        for (int round = 0; round < 2; round++) {
            Edge leaving = cluster.get(round);
            accepting.remove(leaving.ports().http());
            lanes.without(leaving.ports().lane());
            Nodes.await(cluster.stop(leaving));
            Edge next = cluster.join();
            lanes.with(next.ports().lane());
            accepting.add(next.ports().http());
        }
        int before = answered.get();
        await().until(() -> answered.get() > before + 100);
        over.set(true);
        for (Thread visitor : visitors) {
            visitor.join(10_000);
        }

        assertEquals(List.of(), failures);
    }

    /** Keeps its connection as long as the edge wants it to, then takes one to another node. */
    private static void visit(
            Set<Integer> accepting, AtomicBoolean over, AtomicInteger answered, List<String> failures) {
        int turn = 0;
        while (!over.get()) {
            List<Integer> ports = List.copyOf(new TreeSet<>(accepting));
            int port = ports.get(turn++ % ports.size());
            try (RawVisitor visitor = new RawVisitor(port)) {
                boolean kept = true;
                // GET and POST by turns: a POST that was lost is not tried again.
                for (int i = 0; kept && i < 500 && !over.get(); i++) {
                    String request = i % 2 == 0 ? GET : "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 3\r\n\r\nabc";
                    RawVisitor.Answer answer =
                            visitor.send(request.formatted("shop.localhost")).awaitAnswer();
                    if (answer.status() != 200 || !answer.body().equals("shop")) {
                        failures.add("port %d: %s%s".formatted(port, answer.head(), answer.body()));
                    }
                    answered.incrementAndGet();
                    kept = !"close".equals(answer.field("connection"));
                }
            } catch (IOException | AssertionError e) {
                failures.add("port %d: %s".formatted(port, e));
            }
        }
    }

    @Test
    void downloadThroughAnotherNodeIsFinishedBeforeTheHolderStops() throws Exception {
        // Given a download under way from node 1 through node 0
        BlockingQueue<HttpServerRequest> begun = new LinkedBlockingQueue<>();
        int site = cluster.site(request -> {
            request.response().setChunked(true).write("first,");
            begun.add(request);
        });
        Agent agent = cluster.agent(cluster.get(0).ports().lane(), 1);
        Nodes.await(agent.open(TunnelOptions.http(site).withName("shop")));
        RawVisitor visitor = new RawVisitor(cluster.get(1).ports().http());
        visitor.send(GET.formatted("shop.localhost"));
        HttpServerRequest request = begun.poll(10, TimeUnit.SECONDS);
        visitor.awaitText("first,");

        // When the holder is told to stop, and the target goes on
        Future<Void> stopped = cluster.stop(cluster.get(0));
        await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
        assertFalse(stopped.isComplete());
        cluster.vertx().runOnContext(go -> request.response().end("last"));

        visitor.awaitText("last\r\n0\r\n\r\n");
        visitor.close();
        Nodes.await(agent.close());
        Nodes.await(stopped);
    }

    @Test
    void nodeThatDiesLeavesTheOthersAnswering() throws Exception {
        Balancer lanes = cluster.lanes();
        open(cluster.agent(lanes.port(), 2), "shop");
        await().until(() -> holders("shop").size() == 2);
        Edge holder = cluster.get(0);
        Edge other = cluster.get(2);
        lanes.without(holder.ports().lane());

        cluster.kill(holder);

        long killed = System.nanoTime();
        await().atMost(Duration.ofSeconds(1))
                .ignoreExceptions()
                .until(() -> Cluster.visit(other, "shop.localhost").body().equals("shop"));
        for (int i = 0; i < 50; i++) {
            assertEquals(
                    "shop", Cluster.visit(other, "shop.localhost").body(), "after " + (System.nanoTime() - killed));
        }
        assertTrue(ready(other) && ready(cluster.get(1)), "a neighbour's death makes nobody unready");
        await().until(() -> other.nodes() == 2);
        assertTrue(ready(other) && ready(cluster.get(1)));
    }

    @Test
    void drainingNodeIsUnreadyAndServesOnUntilAnotherHasItsNames() throws Exception {
        // Given an agent that can reach no other node
        Agent agent = cluster.agent(cluster.get(0).ports().lane(), 1);
        open(agent, "shop");
        Edge holder = cluster.get(0);

        Future<Void> stopped = cluster.stop(holder);

        await().until(() -> !ready(holder));
        for (int node = 0; node < 3; node++) {
            assertEquals(
                    "shop", Cluster.visit(cluster.get(node), "shop.localhost").body());
        }
        assertFalse(stopped.isComplete());
        Nodes.await(agent.close());
        Nodes.await(stopped);
    }

    @Test
    void agentsInAPoolShareVisitorsAndWithoutItTheSecondIsRefused() throws Exception {
        Agent one = cluster.agent(cluster.get(0).ports().lane(), 1, owner);
        Agent two = cluster.agent(cluster.get(1).ports().lane(), 1, owner);
        Nodes.await(one.open(
                TunnelOptions.http(cluster.site("one")).withName("pooled").withPool(true)));
        Nodes.await(two.open(
                TunnelOptions.http(cluster.site("two")).withName("pooled").withPool(true)));
        Nodes.await(one.open(TunnelOptions.http(cluster.site("one")).withName("alone")));
        Future<Tunnel> second = two.open(TunnelOptions.http(cluster.site("two")).withName("alone"));

        String refusal = String.valueOf(
                assertThrows(AssertionError.class, () -> Nodes.await(second)).getCause());
        assertTrue(refusal.contains("in use"), refusal);
        assertEquals("one", Cluster.visit(cluster.get(0), "pooled.localhost").body(), "the own node first");
        assertEquals("two", Cluster.visit(cluster.get(1), "pooled.localhost").body(), "the own node first");
        Set<String> answers = new TreeSet<>();
        await().until(() -> {
            answers.add(Cluster.visit(cluster.get(2), "pooled.localhost").body());
            return answers.size() == 2;
        });

        Nodes.await(one.close());

        for (int node = 0; node < 3; node++) {
            assertEquals(
                    "two", Cluster.visit(cluster.get(node), "pooled.localhost").body());
        }
    }

    @Test
    void poolOnOneNodeServesVisitorsOfAnotherThoughOneOfItsTargetsIsDown() throws Exception {
        int lanes = cluster.get(0).ports().lane();
        Agent down = cluster.agent(lanes, 1, owner);
        Agent up = cluster.agent(lanes, 1, owner);
        // Nothing listens on port 1.
        Nodes.await(down.open(TunnelOptions.http(1).withName("pooled").withPool(true)));
        Nodes.await(up.open(
                TunnelOptions.http(cluster.site("up")).withName("pooled").withPool(true)));
        for (int visit = 0; visit < 20; visit++) {
            assertEquals("up", Cluster.visit(cluster.get(1), "pooled.localhost").body());
        }
    }

    @Test
    void nodeWhoseOwnMemberEndsIsUnready() throws Exception {
        Edge edge = cluster.get(0);
        assertTrue(ready(edge));

        TestMembers.killAt(edge.ports().cluster());

        await().until(() -> !ready(edge));
        assertTrue(ready(cluster.get(1)) && ready(cluster.get(2)));
        cluster.kill(edge);
    }

    /** Hazelcast says nothing to its listeners then: the node stayed ready, and answered 500. */
    @Test
    void nodeWhoseMemberEndsForWantOfMemoryIsBrokenAndSaysSo() throws Exception {
        Edge edge = cluster.get(0);
        assertTrue(ready(edge));

        TestMembers.endForWantOfMemoryAt(edge.ports().cluster());

        await().until(() -> !ready(edge));
        JsonObject told = new JsonObject(admin(edge, "/readyz").body());
        assertEquals("broken", told.getString("status"));
        assertTrue(told.getString("reason").contains("Hazelcast has stopped"), told.encode());
        await().until(() -> edge.broken().failed());
        assertTrue(ready(cluster.get(1)) && ready(cluster.get(2)));
        assertFalse(cluster.get(1).broken().isComplete());
        // And it can be closed, at once and with all of its ports
        Nodes.await(cluster.stop(edge));
        assertThrows(IOException.class, () -> ready(edge));
        assertThrows(IOException.class, () -> Cluster.visit(edge, "shop.localhost"));
    }

    private void open(Agent agent, String name) {
        Nodes.await(agent.open(TunnelOptions.http(cluster.site(name)).withName(name)));
    }

    private boolean ready(Edge edge) throws IOException {
        return admin(edge, "/readyz").status() == 200;
    }

    private JsonArray holders(String name) throws IOException {
        JsonArray tunnels =
                new JsonArray(admin(cluster.get(2), "/api/v1/tunnels").body());
        return tunnels.stream()
                .map(JsonObject.class::cast)
                .filter(tunnel -> tunnel.getString("name").equals(name))
                .findFirst()
                .map(tunnel -> tunnel.getJsonArray("holders"))
                .orElseGet(JsonArray::new);
    }

    private static RawVisitor.Answer admin(Edge edge, String path) throws IOException {
        try (RawVisitor client = new RawVisitor(edge.ports().admin())) {
            return client.send("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".formatted(path))
                    .awaitAnswer();
        }
    }
}

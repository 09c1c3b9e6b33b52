package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Balancer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A cluster falls into two halves and finds together again. */
class PartitionIT {
    @RegisterExtension
    final Stage stage = new Stage();

    /**
     * Halves look for each other every 3 s, and 10 s later where an answer was lost; then they merge, and each node asks
     * for its names again.
     */
    private static final Duration HEALED = Duration.ofSeconds(40);

    private static final String WHY = "the name belongs to an older owner, who has come back";

    private CutOffCluster cluster;

    @Test
    void halvesServeWhatTheyHoldAndTheOlderOwnershipHasWhatBothGave() throws Exception {
        // Given names in each half to be, in both, and one whose agent and node will be gone
        Vertx vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
        cluster = CutOffCluster.start(stage, 3);
        CutOffCluster.Node alone = cluster.node(0);
        CutOffCluster.Node other = cluster.node(1);
        PythonServer ours = PythonServer.target(stage);
        DeliveredTarget theirs = DeliveredTarget.start(stage);
        Balancer lanes = Balancer.beforeAll(
                vertx,
                Stream.of(alone, other)
                        .map(node -> SocketAddress.inetSocketAddress(
                                node.lanePort(), node.machine().front()))
                        .toList());
        RunningAgent left = agent("ann", alone.lanes(), ours.port(), "left");
        RunningAgent right = agent("bob", other.lanes(), ours.port(), "right");
        RunningAgent both =
                cluster.agent("ann", "127.0.0.1:" + lanes.port(), ours.port(), "--name", "both", "--lanes", "2");
        RunningAgent gone = agent("bob", cluster.node(2).lanes(), ours.port(), "gone");
        for (RunningAgent agent : List.of(left, right, both, gone)) {
            agent.awaitOnline();
        }
        for (CutOffCluster.Node node : cluster.nodes()) {
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .until(() -> node.nodesOf("both").size() == 2);
            assertServes(node, "left", "right", "both", "gone");
        }
        String goneId = cluster.node(2).id();

        // When the first node loses the others
        long cutAt = System.nanoTime();
        alone.machine().cutFromOthers();
        CutOffCluster.awaitKnown(1, alone);
        CutOffCluster.awaitKnown(2, other, cluster.node(2));
        long splitMillis = millisSince(cutAt);

        // Then both halves serve what they hold, and say so of what they do not
        assertServes(alone, "left", "both");
        assertServes(other, "right", "both", "gone");
        assertEquals(503, alone.get("right", "/hello").status());
        assertEquals(503, other.get("left", "/hello").status());

        // And both give the same names, each first to another owner
        RunningAgent carol = agent("carol", alone.lanes(), ours.port(), "same");
        carol.awaitOnline();
        RunningAgent dave = agent("dave", other.lanes(), theirs.port(), "same");
        dave.awaitOnline();
        RunningAgent erin = agent("erin", other.lanes(), ours.port(), "second");
        erin.awaitOnline();
        RunningAgent frank = agent("frank", alone.lanes(), theirs.port(), "second");
        frank.awaitOnline();
        agent("ann", alone.lanes(), ours.port(), "new-left").awaitOnline();
        agent("bob", other.lanes(), ours.port(), "new-right").awaitOnline();
        assertServes(alone, "same", "new-left");
        assertServes(other, "second", "new-right");
        assertEquals(ofTheirs("same"), other.get("same", "/hello").body());
        assertEquals(ofTheirs("second"), alone.get("second", "/hello").body());

        // And a node of the other half is replaced by one of the same label, its agent gone
        gone.program().kill();
        cluster.node(2).program().kill();
        CutOffCluster.Node replaced = cluster.start(2);
        CutOffCluster.awaitKnown(2, other, replaced);

        // When they reach each other again
        long healedAt = System.nanoTime();
        alone.machine().joinOthers();

        // Then the younger owners are told why they have lost their names
        for (RunningAgent loser : List.of(dave, frank)) {
            // It goes on asking for the name, as it says, in case it is free one day.
            String line = loser.program().out().await("why", said -> said.contains(WHY), HEALED);
            assertEquals("reconnecting", new JsonObject(line).getString("event"), loser.program()::said);
        }
        long toldMillis = millisSince(healedAt);
        cluster.awaitWhole();
        // And every other name is served through every node, by the program that was there all the time
        for (CutOffCluster.Node node : cluster.nodes()) {
            for (String name : List.of("left", "right", "both", "same", "second", "new-left", "new-right")) {
                awaitServed(node, name);
            }
        }
        long wholeMillis = millisSince(healedAt);
        for (CutOffCluster.Node node : cluster.nodes()) {
            assertTrue(node.program().isAlive(), node.program()::said);
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .untilAsserted(() -> assertEquals(List.of(), holdersOf(node, goneId, "gone")));
            assertEquals(503, node.get("gone", "/hello").status());
            assertEquals(List.of(alone.id()), node.nodesOf("same"));
            assertEquals(List.of(other.id()), node.nodesOf("second"));
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .until(() -> node.nodesOf("both").size() == 2);
        }
        // And no agent but these has lost anything
        for (RunningAgent agent : List.of(left, right, both, carol, erin)) {
            assertTrue(agent.program().isAlive(), agent.program()::said);
            assertTrue(
                    agent.program().out().lines().stream().noneMatch(line -> line.contains("reconnecting")),
                    agent.program()::said);
        }
        System.out.printf(
                "split noticed after %d ms; losers told %d ms and all names served %d ms after the network healed%n",
                splitMillis, toldMillis, wholeMillis);
    }

    /** A node's claims, those of a dead node and those on a name, by the ids of their nodes. */
    private static List<String> holdersOf(CutOffCluster.Node node, String dead, String name) throws IOException {
        List<String> ofDead = node.tunnels().stream()
                .flatMap(tunnel -> ((JsonObject) tunnel).getJsonArray("holders").stream())
                .map(holder -> ((JsonObject) holder).getString("node"))
                .filter(dead::equals)
                .toList();
        return Stream.concat(ofDead.stream(), node.nodesOf(name).stream()).toList();
    }

    private RunningAgent agent(String home, String edge, int target, String name) throws IOException {
        return cluster.agent(home, edge, target, "--name", name, "--lanes", "1");
    }

    private static void assertServes(CutOffCluster.Node node, String... names) throws IOException {
        for (String name : names) {
            Answer answer = node.get(name, "/hello");
            assertEquals("hello\n", answer.body(), () -> name + " at " + node.machine() + ": " + answer);
        }
    }

    private static void awaitServed(CutOffCluster.Node node, String name) {
        Awaitility.await().atMost(Stage.PATIENCE).ignoreExceptions().untilAsserted(() -> assertServes(node, name));
    }

    private static String ofTheirs(String name) {
        return DeliveredTarget.answer("GET", "/hello", 0, CutOffCluster.Node.host(name));
    }

    private static long millisSince(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos).toMillis();
    }
}

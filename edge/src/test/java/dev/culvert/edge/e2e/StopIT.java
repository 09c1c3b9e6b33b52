package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node of a cluster is told to stop, once and twice. */
class StopIT {
    @RegisterExtension
    static final Stage stage = new Stage();

    /** Twice as long as the slow balancer takes, because the machine may be busy. */
    private static final String NOTICE = "6s";

    /** How long a balancer goes on sending visitors that has not looked yet. */
    private static final Duration UNNOTICED = Duration.ofSeconds(3);

    private static DeliveredTarget target;
    private static RunningCluster cluster;

    @BeforeAll
    static void cluster() throws Exception {
        target = DeliveredTarget.start(stage);
        cluster = RunningCluster.start(stage, 3, "--drain-notice", NOTICE);
    }

    @Test
    void newVisitorsAreServedUntilBalancersHaveHadTimeToNotice() throws Exception {
        RunningEdge node = cluster.node(0);
        agent("shop", node).awaitOnline();

        node.program().terminate();

        Awaitility.await().atMost(Stage.PATIENCE).until(() -> !node.isReady());
        // Each with a connection of its own, and with pauses: nothing but the notice holds the node.
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .pollInterval(Duration.ofMillis(500))
                .during(UNNOTICED)
                .until(() -> node.get("shop", "/").status() == 200);
        assertFalse(node.isReady());
    }

    @Test
    void secondSignalEndsANodeThatWaitsForItsAgents() throws Exception {
        // Given an agent that reaches no other node: until the drain's time is over, the node keeps serving it
        RunningEdge node = cluster.node(1);
        agent("blog", node).awaitOnline();
        node.program().terminate();
        node.program().err().await("draining; asking agents to go elsewhere");
        assertEquals(200, node.get("blog", "/").status());
        assertTrue(node.program().isAlive());

        node.program().terminate();

        assertEquals(130, node.program().exitCode(), () -> node.program().said());
    }

    private static RunningAgent agent(String name, RunningEdge node) throws IOException {
        return RunningAgent.start(
                stage, "home", Map.of(), node.address(), "" + target.port(), "--name", name, "--lanes", "1");
    }
}

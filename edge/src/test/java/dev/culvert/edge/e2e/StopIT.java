package dev.culvert.edge.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
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

    /** To who has no length to count by, an end without a reset would look like all there is. */
    @Test
    void answerThatIsUnderWayWhenTheDrainIsOverIsResetAlsoWhereAnotherNodeCarriesIt() throws Exception {
        RunningCluster small = RunningCluster.start(stage, 2, "--drain-notice", "0", "--drain-timeout", "1s");
        try (ServerSocket half = new ServerSocket(0)) {
            String name = stage.agent(small.node(0), half.getLocalPort(), "--lanes", "1")
                    .awaitName();

            assertResetWhenStopped(small.node(1), name, half);
        }
    }

    @Test
    void answerThatIsUnderWayWhenTheDrainIsOverIsResetAlsoWhereALocaltunnelClientCarriesIt() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel", "--drain-notice", "0", "--drain-timeout", "1s");
        try (ServerSocket half = new ServerSocket(0)) {
            String url = "http://" + edge.host("localhost").replaceFirst("^localhost\\.", "");
            RunningAgent client = new RunningAgent(
                    stage.culvert("lt", "-p", "" + half.getLocalPort(), "-h", url, "-s", "half", "--json"));
            client.awaitOnline();

            assertResetWhenStopped(edge, "half", half);
        }
    }

    private static void assertResetWhenStopped(RunningEdge node, String name, ServerSocket half) throws Exception {
        String host = node.host(name);
        try (Socket visitor = new Socket("127.0.0.1", Integer.parseInt(host.replaceFirst(".*:", "")))) {
            visitor.getOutputStream()
                    .write("GET / HTTP/1.0\r\nHost: %s\r\n\r\n".formatted(host).getBytes(US_ASCII));
            try (Socket target = half.accept()) {
                target.getOutputStream().write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf".getBytes(US_ASCII));
                String answer = "";
                while (!answer.endsWith("half")) {
                    int read = visitor.getInputStream().read();
                    assertTrue(read >= 0, answer);
                    answer += (char) read;
                }

                node.program().terminate();

                assertThrows(
                        SocketException.class, () -> visitor.getInputStream().read());
                assertEquals(0, node.program().exitCode(), () -> node.program().said());
            }
        }
    }

    private static RunningAgent agent(String name, RunningEdge node) throws IOException {
        return RunningAgent.start(
                stage, "home", Map.of(), node.address(), "" + target.port(), "--name", name, "--lanes", "1");
    }
}

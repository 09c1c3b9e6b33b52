package dev.culvert.edge.e2e;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Node's own localtunnel client at our edges. */
class LocaltunnelIT {
    @RegisterExtension
    final Stage stage = new Stage();

    private static String url(RunningEdge edge) {
        return "http://localhost:" + edge.httpPort();
    }

    @Test
    void moreVisitorsAtOnceThanTheClientHasConnectionsGetTheirOwnAnswersOnce() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        CountingTarget target = stage.keep(CountingTarget.start());
        NpmLocaltunnel.Client client =
                NpmLocaltunnel.on(stage).client(url(edge), target.port(), "--subdomain", "my-app");
        assertEquals("http://" + edge.host("my-app"), client.url());

        assertEachGetsItsOwnOnce(edge, "my-app", target);
    }

    /** Two hundred visitors, forty at once. */
    static void assertEachGetsItsOwnOnce(RunningEdge edge, String name, CountingTarget target) throws Exception {
        int visitors = 200;
        ExecutorService threads = Executors.newFixedThreadPool(40);
        List<Future<Answer>> answers = new ArrayList<>();
        for (int i = 0; i < visitors; i++) {
            String path = "/r/" + i;
            answers.add(threads.submit(() -> edge.get(name, path)));
        }
        for (int i = 0; i < visitors; i++) {
            Answer answer = answers.get(i).get();
            assertEquals(200, answer.status(), answer::toString);
            assertEquals(CountingTarget.answerTo(edge.host(name), i), answer.body());
            assertEquals(1, target.deliveries(i), "request " + i);
        }
        threads.shutdown();
    }

    /** As a browser's reload has it: Node's client does not notice connections that were reset before it had noticed them. */
    @Test
    void visitorsWhoLeaveWhileTheyWaitCostTheClientNoConnection() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        // It accepts nobody, so that nobody gets an answer.
        ServerSocket target = stage.keep(new ServerSocket(0, 500, InetAddress.getByName("127.0.0.1")));
        NpmLocaltunnel.Client client =
                NpmLocaltunnel.on(stage).client(url(edge), target.getLocalPort(), "--subdomain", "my-app");

        for (int round = 0; round < 5; round++) {
            List<Visitor> impatient = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                Visitor visitor = edge.visitor();
                visitor.get(edge.host("my-app"), "/");
                impatient.add(visitor);
            }
            for (Visitor visitor : impatient) {
                visitor.socket().setSoLinger(true, 0);
                visitor.close();
            }
        }

        await().untilAsserted(() -> assertEquals(
                "{\"connected_sockets\":10}",
                Visitor.get(edge.httpPort(), "localhost:" + edge.httpPort(), "/api/tunnels/my-app/status")
                        .body()));
        assertTrue(client.program().isAlive(), client.program()::said);
    }

    @Test
    void filesGoDownUnchangedAndWebSocketsStandThroughASecondNode() throws Exception {
        RunningCluster cluster = RunningCluster.start(stage, 2, "--localtunnel");
        NpmLocaltunnel npm = NpmLocaltunnel.on(stage);
        Path files = stage.folder("files");
        byte[] large = new byte[24 * 1024 * 1024];
        new Random(11).nextBytes(large);
        Files.write(files.resolve("large"), large);
        npm.client(url(cluster.node(0)), PythonServer.serving(stage, files).port(), "--subdomain", "files");
        npm.client(url(cluster.node(0)), PythonServer.target(stage).port(), "--subdomain", "target");
        RunningEdge other = cluster.node(1);
        assertEquals(List.of(cluster.node(0).nodeId()), other.nodesOf("files"));

        try (Visitor visitor = other.visitor()) {
            Answer head = visitor.get(other.host("files"), "/large").head();
            assertEquals(200, head.status(), head::toString);
            assertArrayEquals(large, visitor.in().readNBytes(large.length));
        }
        try (Visitor visitor = other.visitor()) {
            visitor.send(WebSocket.upgrade(other.host("target")));
            assertEquals(101, visitor.head().status());
            visitor.send(WebSocket.frame(1, "through two nodes".getBytes(StandardCharsets.UTF_8)));
            assertEquals("through two nodes", new String(WebSocket.message(visitor), StandardCharsets.UTF_8));
        }
        // A name of one node's client is in use at the other, too.
        assertNotEquals(
                "http://" + other.host("files"),
                npm.client(url(other), 9, "--subdomain", "files").url());
    }

    @Test
    void localHostIsWhatEveryRequestOfAVisitorConnectionAsksFor() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        RecordingTarget target = stage.keep(RecordingTarget.start());
        NpmLocaltunnel.on(stage).client(url(edge), target.port(), "--subdomain", "my-app", "--local-host", "127.0.0.1");

        try (Visitor visitor = edge.visitor()) {
            for (int i = 0; i < 3; i++) {
                assertEquals(
                        "ok", visitor.get(edge.host("my-app"), "/").answer().body());
                String request = target.awaitRequest().toLowerCase(Locale.ROOT);
                assertTrue(request.contains("\r\nhost: 127.0.0.1\r\n"), request);
            }
        }
    }

    @Test
    void whatATargetSaysToConnectionsThatWaitReachesNoVisitor() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        Program target = stage.program(
                "impatient.js",
                List.of(
                        Program.installed("node"),
                        Checkout.fixture("impatient.js").toString()));
        int port =
                Integer.parseInt(target.out().await("listening on port (\\d+)").group(1));
        Program client = NpmLocaltunnel.on(stage)
                .client(url(edge), port, "--subdomain", "my-app")
                .program();
        // All ten, and the client has others: one that is just being told could not know of a request that comes then.
        target.out().await("told 10: ERR_HTTP_REQUEST_TIMEOUT");
        await().until(() -> client.err().lines().stream()
                        .filter(line -> line.contains("connected locally"))
                        .count()
                >= 20);

        for (int i = 0; i < 5; i++) {
            Answer answer = edge.get("my-app", "/");
            assertEquals("patient\n", answer.body(), answer::toString);
        }
    }

    @Test
    void clientThatWasKilledHasItsNameAgainWhenItIsStartedAgain() throws Exception {
        RunningEdge edge = stage.edge("--localtunnel");
        CountingTarget target = stage.keep(CountingTarget.start());
        NpmLocaltunnel npm = NpmLocaltunnel.on(stage);
        NpmLocaltunnel.Client first = npm.client(url(edge), target.port(), "--subdomain", "my-app");
        assertEquals(200, edge.get("my-app", "/r/1").status());

        first.program().kill();
        await().until(() -> edge.get("my-app", "/r/2").status() == 503);
        NpmLocaltunnel.Client second = npm.client(url(edge), target.port(), "--subdomain", "my-app");

        assertEquals(first.url(), second.url());
        assertEquals(200, edge.get("my-app", "/r/3").status());
    }
}

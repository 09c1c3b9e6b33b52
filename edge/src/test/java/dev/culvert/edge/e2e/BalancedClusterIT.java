package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Culvert;
import dev.culvert.agent.LocalTunnel;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three edges behind a balancer are one: every tunnel answers at each of them, as if its agent were there. */
class BalancedClusterIT {
    private static final int TUNNELS = 50;
    private static final int REQUESTS_EACH = 1000;

    /** For all requests of one balancer: many times what they take, because the machine may be busy. */
    private static final Duration ALL_REQUESTS = Duration.ofMinutes(3);

    /** Each with a visitor who comes at once: often enough that one who comes too early is found. */
    private static final int BINDS = 200;

    /** More than all buffers between a target and a visitor who reads slowly. */
    private static final int LARGE_BYTES = 32 * 1024 * 1024;

    @RegisterExtension
    static final Stage stage = Stage.asUsersRunIt();

    private static RunningCluster cluster;
    private static CountingTarget target;
    private static HaProxy haproxy;

    /** Its one lane ends at one of the nodes. */
    private static String site;

    private static String files;
    private static Path folder;
    private static RunningAgent ofFiles;

    @BeforeAll
    static void tunnels() throws Exception {
        cluster = RunningCluster.start(stage, 3);
        haproxy = HaProxy.before(stage, cluster);
        target = stage.keep(CountingTarget.start());
        for (int agent = 0; agent < 2; agent++) {
            RunningAgent.ofMany(
                    stage,
                    "home-" + agent,
                    haproxy.lanes(),
                    target.port(),
                    names().subList(agent * TUNNELS / 2, (agent + 1) * TUNNELS / 2));
        }
        site = stage.agent(cluster.node(0), PythonServer.target(stage).port(), "--lanes", "1")
                .awaitName();
        folder = stage.folder("files");
        ofFiles = stage.agent(cluster.node(1), Nginx.serving(stage, folder).port(), "--lanes", "1", "--name", "files");
        files = ofFiles.awaitName();
    }

    @Test
    void everyTunnelAnswersThroughEveryEdge() throws Exception {
        for (RunningEdge node : cluster.nodes()) {
            try (Visitor visitor = node.visitor()) {
                for (String name : names()) {
                    Answer answer = visitor.get(node.host(name), "/r/0").answer();
                    assertEquals(CountingTarget.answerTo(node.host(name), 0), answer.body(), answer::toString);
                }
            }
        }
    }

    @Test
    void nobodyGetsAnothersAnswerThroughHaProxy() throws Exception {
        assertEachGetsItsOwn(haproxy.httpPort());
    }

    @Test
    void nobodyGetsAnothersAnswerThroughNginxAndItsKeptConnections() throws Exception {
        Nginx nginx = Nginx.before(
                stage, cluster.places().stream().map(RunningCluster.Place::http).toList());

        assertEachGetsItsOwn(nginx.port());
    }

    @Test
    void webSocketMessagesComeBackFromAnotherNode() throws Exception {
        RunningEdge other = cluster.node(cluster.placeWithout(site));
        try (Visitor visitor = other.visitor()) {
            visitor.send(WebSocket.upgrade(other.host(site)));
            visitor.send(WebSocket.frame(1, "early".getBytes(StandardCharsets.UTF_8)));

            Answer answer = visitor.head();

            assertEquals(101, answer.status(), answer::toString);
            assertEquals("early", new String(WebSocket.message(visitor), StandardCharsets.UTF_8));
            for (int length : List.of(0, 5, 125, 126, 40_000)) {
                byte[] message = noise(length);
                visitor.send(WebSocket.frame(2, message));
                assertArrayEquals(message, WebSocket.message(visitor));
            }
            visitor.send(WebSocket.frame(8, new byte[] {3, (byte) 0xE8}));
            assertArrayEquals(new byte[] {3, (byte) 0xE8}, WebSocket.message(visitor));
            assertEquals(-1, visitor.read());
        }
    }

    @Test
    void eachEventArrivesFromAnotherNodeWhenItIsWritten() throws Exception {
        RunningEdge other = cluster.node(cluster.placeWithout(site));
        try (Visitor listener = other.visitor()) {
            listener.get(other.host(site), "/events");

            for (int number = 1; number <= 3; number++) {
                // The target writes one event for each of these, and the next only after this one was read.
                assertEquals(200, other.get(site, "/next").status());
                if (number == 1) {
                    assertEquals(200, listener.head().status());
                }
                assertEquals("data: %d\n\n".formatted(number), new String(listener.chunk(), StandardCharsets.UTF_8));
            }
            assertEquals(0, listener.chunk().length);
        }
    }

    @Test
    void gibibyteGoesThroughTwoNodesBothWaysInBoundedMemory() throws Exception {
        Gibibyte.make(folder.resolve("big"));
        RunningEdge other = cluster.node(cluster.placeWithout(files));
        try (Visitor visitor = other.visitor()) {
            assertEquals(200, visitor.get(other.host(files), "/big").head().status());
            Gibibyte.assertNextOf(visitor.in());

            visitor.send("PUT /copy HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                    .formatted(other.host(files), Gibibyte.BYTES));
            Files.copy(folder.resolve("big"), visitor.socket().getOutputStream());
            Answer up = visitor.answer();
            assertEquals(201, up.status(), up::toString);
        }
        try (InputStream copy = Files.newInputStream(folder.resolve("copy"))) {
            Gibibyte.assertNextOf(copy);
        }
        assertBounded(other);
    }

    @Test
    void visitorWhoClosesItsHalfGetsALargeAnswerFromAnotherNodeHoweverSlowItReads() throws Exception {
        Files.write(folder.resolve("large"), noise(LARGE_BYTES));
        RunningEdge other = cluster.node(cluster.placeWithout(files));
        try (Visitor visitor = Visitor.to(other.httpPort(), 4096)) {
            visitor.get(other.host(files), "/large").halfClose();

            assertEquals(200, visitor.head().status());
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int read = 0; read < LARGE_BYTES; read += 4096) {
                digest.update(visitor.bytes(4096));
            }
            assertEquals(
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(noise(LARGE_BYTES))),
                    HexFormat.of().formatHex(digest.digest()));
        }
        assertBounded(other);
    }

    @Test
    void uploadWhoseVisitorClosesItsHalfIsAnsweredFromAnotherNode() throws Exception {
        RunningEdge other = cluster.node(cluster.placeWithout(site));
        byte[] body = noise(3_000_000);
        try (Visitor visitor = other.visitor()) {
            visitor.send("POST /any HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                            .formatted(other.host(site), body.length))
                    .send(body)
                    .halfClose();

            Answer answer = visitor.answer();

            assertEquals(200, answer.status(), answer::toString);
            assertArrayEquals(body, answer.body().getBytes(StandardCharsets.ISO_8859_1));
            assertEquals(-1, visitor.read());
        }
    }

    @Test
    void nodeKnowsANameInTheMomentAfterItWasGivenAtAnother() throws Exception {
        for (int bind = 0; bind < BINDS; bind++) {
            RunningEdge at = cluster.node(bind % 3);
            RunningEdge visited = cluster.node((bind + 1) % 3);
            try (LocalTunnel tunnel = Culvert.open(at.address(), target.port())) {
                Answer answer = visited.get(tunnel.name(), "/r/0");

                assertNotEquals(404, answer.status(), answer::toString);
                assertEquals(CountingTarget.answerTo(visited.host(tunnel.name()), 0), answer.body(), "bind " + bind);
            }
        }
    }

    /** A thousand requests to each tunnel, on few connections that each carry them all. */
    private static void assertEachGetsItsOwn(int port) throws Exception {
        long[] before = requests();
        List<String> hosts =
                names().stream().map(name -> name + ".localhost:" + port).toList();
        try (Load load = Load.start(List.of(port), hosts, 9, 1, TUNNELS * REQUESTS_EACH)) {
            load.awaitAll(ALL_REQUESTS);
            load.assertNoneFailed();
            assertEquals(TUNNELS * REQUESTS_EACH, load.answered());
        }
        long[] after = requests();
        for (int node = 0; node < 3; node++) {
            assertTrue(after[node] - before[node] > TUNNELS, "node %d had nothing to do".formatted(node));
        }
    }

    /** How many requests each node had from its visitors. */
    private static long[] requests() throws Exception {
        long[] all = new long[3];
        for (int node = 0; node < 3; node++) {
            all[node] = cluster.node(node).requests();
        }
        return all;
    }

    /** The visitor's node and the one with the lane, and the agent. */
    private static void assertBounded(RunningEdge visited) throws Exception {
        RunningEdge holder = cluster.node(cluster.holdersOf(files).get(0));
        assertNotEquals(visited.nodeId(), holder.nodeId());
        for (Program program : List.of(visited.program(), holder.program(), ofFiles.program())) {
            Memory.assertPeakUnder(program, Memory.promisedBytes(program, 1));
        }
    }

    private static List<String> names() {
        return IntStream.range(0, TUNNELS).mapToObj(i -> "tunnel-" + i).toList();
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}

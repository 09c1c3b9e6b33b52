package dev.culvert.edge.e2e;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** OpenSSH's own client at our edges. */
class SshIT {
    private static final int STALLED = 20;
    private static final int LARGE_BYTES = 32 * 1024 * 1024;

    /** So little that what a visitor does not read stays in the tunnel, not in its kernel. */
    private static final int SMALL_BUFFER_BYTES = 4096;

    /** When nothing has moved for so long, all that can be buffered is. */
    private static final Duration QUIET = Duration.ofSeconds(2);

    @RegisterExtension
    final Stage stage = Stage.asUsersRunIt();

    @Test
    void nameIsATunnelAndIsFreeWhenTheClientEnds() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        CountingTarget target = stage.keep(CountingTarget.start());
        Program ann = OpenSsh.user(stage, "ann").connect(edge, "-R", "my-app:80:127.0.0.1:" + target.port());
        assertEquals(
                "http://my-app.localhost:%d  (-R my-app:80)".formatted(edge.httpPort()),
                ann.out().await(".+").group());
        assertEquals(CountingTarget.answerTo(edge.host("my-app"), 1), answerOf(edge, "my-app", 1));

        ann.interrupt();

        await().until(() -> edge.get("my-app", "/r/2").status() == 404);
        OpenSsh.user(stage, "bob").tunnel(edge, "my-app:80", target.port());
        assertEquals(CountingTarget.answerTo(edge.host("my-app"), 3), answerOf(edge, "my-app", 3));
    }

    @Test
    void madeUpNameIsToldOnTheTerminalAndCtrlCThereEndsIt() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        CountingTarget target = stage.keep(CountingTarget.start());

        Program client = OpenSsh.user(stage, "ann").connect(edge, "-tt", "-R", "80:127.0.0.1:" + target.port());

        Matcher told = client.out().await("http://([a-z]+-[a-z]+-[0-9a-z]{5})\\.localhost:(\\d+)");
        assertEquals(edge.httpPort(), Integer.parseInt(told.group(2)));
        assertEquals(CountingTarget.answerTo(edge.host(told.group(1)), 1), answerOf(edge, told.group(1), 1));
        client.type("\003");
        assertEquals(0, client.exitCode());
    }

    @Test
    void rawPortsAreThoseOfTheEdge() throws Exception {
        int port = Stage.freePort();
        RunningEdge edge = stage.edge("--ssh-port", "0", "--tcp-ports", port + "-" + port);
        CountingTarget target = stage.keep(CountingTarget.start());
        OpenSsh ann = OpenSsh.user(stage, "ann");

        Program client = ann.connect(edge, "-R", "0:127.0.0.1:" + target.port());
        assertEquals(
                port,
                Integer.parseInt(client.out().await("tcp://localhost:(\\d+)").group(1)));
        client.err().await("Allocated port " + port);

        assertEquals(
                CountingTarget.answerTo("my.host", 1),
                Visitor.get(port, "my.host", "/r/1").body());
        Program refused = ann.connect(edge, "-N", "-R", (port + 1) + ":127.0.0.1:" + target.port());
        assertNotEquals(0, refused.exitCode());
    }

    @Test
    void stalledDownloadsHoldABoundedPartOfTheMemoryAndNobodyUp() throws Exception {
        Path files = stage.folder("files");
        byte[] large = new byte[LARGE_BYTES];
        new Random(5).nextBytes(large);
        Files.write(files.resolve("large"), large);
        Files.writeString(files.resolve("page"), "the page\n");
        RunningEdge edge = stage.edge("--ssh-port", "0");
        OpenSsh.user(stage, "ann")
                .tunnel(edge, "files:80", Nginx.serving(stage, files).port());
        assertEquals("the page\n", edge.get("files", "/page").body());
        long before = Memory.residentBytes(edge.program());

        List<Visitor> stalled = new ArrayList<>();
        for (int i = 0; i < STALLED; i++) {
            Visitor visitor = stage.keep(Visitor.to(edge.httpPort(), SMALL_BUFFER_BYTES));
            visitor.get(edge.host("files"), "/large");
            stalled.add(visitor);
        }
        for (Visitor visitor : stalled) {
            assertEquals(200, visitor.head().status());
        }
        Memory.awaitStandstill(QUIET, edge.program());

        // A window each, and what the sockets have been given; the files together are 640 MiB.
        long more = Memory.residentBytes(edge.program()) - before;
        assertTrue(more < STALLED * 3 * Memory.MIB, "%d MiB more".formatted(more / Memory.MIB));
        assertEquals("the page\n", edge.get("files", "/page").body());
        assertArrayEquals(large, stalled.get(0).bytes(large.length));
        assertArrayEquals(large, stalled.get(1).bytes(large.length));
    }

    @Test
    void webSocketsStandAndUploadsArriveUnchanged() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        OpenSsh.user(stage, "ann")
                .tunnel(edge, "target:80", PythonServer.target(stage).port());

        try (Visitor visitor = edge.visitor()) {
            visitor.send(WebSocket.upgrade(edge.host("target")));
            assertEquals(101, visitor.head().status());
            visitor.send(WebSocket.frame(1, "through ssh".getBytes(StandardCharsets.UTF_8)));
            assertEquals("through ssh", new String(WebSocket.message(visitor), StandardCharsets.UTF_8));
        }
        byte[] large = new byte[8 * 1024 * 1024];
        new Random(7).nextBytes(large);
        try (Visitor visitor = edge.visitor()) {
            visitor.send("POST /x HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                    .formatted(edge.host("target"), large.length));
            visitor.send(large);
            assertArrayEquals(large, visitor.answer().body().getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void targetThatIsDownIsSaidToBe() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        OpenSsh.user(stage, "ann").tunnel(edge, "down:80", Stage.freePort());

        // Often: the client's refusal and the end of its channel come at the same time.
        for (int i = 0; i < 50; i++) {
            Answer answer = edge.get("down", "/");

            assertEquals(502, answer.status(), answer::toString);
            assertEquals("target_refused", answer.header("culvert-error").orElse(""));
        }
    }

    @Test
    void nothingIsRun() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        OpenSsh ann = OpenSsh.user(stage, "ann");

        Program command = ann.connect(edge, "-o", "RemoteCommand=id");
        Program subsystem = ann.connect(edge, "-o", "SessionType=subsystem", "-o", "RemoteCommand=sftp");

        assertNotEquals(0, command.exitCode());
        assertNotEquals(0, subsystem.exitCode());
        assertEquals(List.of(), command.out().awaitEnd());
    }

    @Test
    void uploadsToATargetThatStopsReadingStop() throws Exception {
        DeafTarget target = stage.keep(DeafTarget.start());
        RunningEdge edge = stage.edge("--ssh-port", "0");
        OpenSsh.user(stage, "ann").tunnel(edge, "deaf:80", target.port());
        byte[] head = "POST /big HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                .formatted(edge.host("deaf"), 1024 * Memory.MIB)
                .getBytes(StandardCharsets.US_ASCII);

        try (Selector selector = Selector.open();
                SocketChannel visitor = SocketChannel.open()) {
            visitor.setOption(StandardSocketOptions.SO_SNDBUF, SMALL_BUFFER_BYTES);
            visitor.connect(new InetSocketAddress("127.0.0.1", edge.httpPort()));
            visitor.write(ByteBuffer.wrap(head));
            visitor.configureBlocking(false);
            visitor.register(selector, SelectionKey.OP_WRITE);
            long sent = 0;
            while (selector.select(QUIET.toMillis()) > 0 && sent < LARGE_BYTES) {
                sent += visitor.write(ByteBuffer.allocate(16 * 1024));
                selector.selectedKeys().clear();
            }
            // The client's window of 2 MiB, its socket to the target, and what is on the way.
            assertTrue(sent < LARGE_BYTES / 2, "%d bytes were taken".formatted(sent));
        }
        assertEquals(1, target.deaf());
    }

    @Test
    void keysOfTheListAreLetInWithTheirNamesUntilTheyAreWithdrawn() throws Exception {
        CountingTarget target = stage.keep(CountingTarget.start());
        OpenSsh ann = OpenSsh.user(stage, "ann");
        OpenSsh bob = OpenSsh.user(stage, "bob");
        OpenSsh eve = OpenSsh.user(stage, "eve");
        Path keys = stage.folder().resolve("keys");
        String bobs = Files.readString(bob.publicKey());
        Files.writeString(
                keys,
                "# ours\nowner=\"ann\",names=\"ann-*,shop\" %s%s".formatted(Files.readString(ann.publicKey()), bobs));
        RunningEdge edge = stage.edge("--ssh-port", "0", "--ssh-keys", keys.toString());

        Program tunnel = ann.tunnel(edge, "ann-1:80", target.port());
        bob.tunnel(edge, "bobs:80", target.port());
        assertNotEquals(
                0,
                eve.connect(edge, "-N", "-R", "80:127.0.0.1:" + target.port()).exitCode());
        assertNotEquals(
                0,
                ann.connect(edge, "-N", "-R", "other:80:127.0.0.1:" + target.port())
                        .exitCode());
        assertEquals(
                List.of("ann"),
                edge.tunnels().stream()
                        .map(each -> ((JsonObject) each).getString("owner"))
                        .filter(owner -> !owner.startsWith("key:SHA256:"))
                        .toList());

        Files.writeString(keys, bobs);
        assertNotEquals(0, tunnel.exitCode());
        assertEquals(CountingTarget.answerTo(edge.host("bobs"), 1), answerOf(edge, "bobs", 1));
        assertNotEquals(
                0,
                ann.connect(edge, "-N", "-R", "ann-2:80:127.0.0.1:" + target.port())
                        .exitCode());
    }

    @Test
    void clientWhoseConnectionIsDeadHasItsNameAgainAtOnce() throws Exception {
        RunningEdge edge = stage.edge("--ssh-port", "0");
        CountingTarget target = stage.keep(CountingTarget.start());
        OpenSsh ann = OpenSsh.user(stage, "ann");
        Program first = ann.tunnel(edge, "my-app:80", target.port());
        List<String> before = edge.lanesOf("my-app");
        first.suspend(); // As when its network is gone.

        ann.tunnel(edge, "my-app:80", target.port());

        assertEquals(CountingTarget.answerTo(edge.host("my-app"), 1), answerOf(edge, "my-app", 1));
        assertNotEquals(before, edge.lanesOf("my-app"));
        first.resume();
        assertNotEquals(0, first.exitCode());
        assertEquals(CountingTarget.answerTo(edge.host("my-app"), 2), answerOf(edge, "my-app", 2));
    }

    @Test
    void otherNodesVisitorsAreServed() throws Exception {
        RunningCluster cluster = RunningCluster.start(stage, 2, "--ssh-port", "0");
        Path files = stage.folder("files");
        byte[] large = new byte[LARGE_BYTES];
        new Random(3).nextBytes(large);
        Files.write(files.resolve("large"), large);
        OpenSsh ann = OpenSsh.user(stage, "ann");
        ann.tunnel(cluster.node(0), "files:80", Nginx.serving(stage, files).port());
        RunningEdge other = cluster.node(1);
        assertEquals(List.of(cluster.node(0).nodeId()), other.nodesOf("files"));

        try (Visitor visitor = other.visitor()) {
            Answer head = visitor.get(other.host("files"), "/large").head();
            assertEquals(200, head.status(), head::toString);
            assertArrayEquals(large, visitor.bytes(large.length));
        }
        // A name of one node's client is in use at the other, too.
        Program refused = OpenSsh.user(stage, "bob").connect(other, "-N", "-R", "files:80:127.0.0.1:9");
        assertNotEquals(0, refused.exitCode());
    }

    @Test
    void keyOfTheListIsItsOwnersAtAnAgentTooUntilItIsWithdrawn() throws Exception {
        CountingTarget target = stage.keep(CountingTarget.start());
        OpenSsh ann = OpenSsh.user(stage, "ann");
        OpenSsh eve = OpenSsh.user(stage, "eve");
        Path keys = stage.folder().resolve("keys");
        Files.writeString(keys, "owner=\"ann\",names=\"ann-*\" " + Files.readString(ann.publicKey()));
        RunningEdge edge =
                stage.edge("--ssh-port", "0", "--ssh-keys", keys.toString(), "--agent-keys", keys.toString());

        RunningAgent agent = stage.agentOf("ann", edge, target.port(), "--name", "ann-1", "--ssh-key", "" + ann.key());
        agent.awaitOnline();
        ann.tunnel(edge, "ann-2:80", target.port());

        assertEquals(CountingTarget.answerTo(edge.host("ann-1"), 1), answerOf(edge, "ann-1", 1));
        assertEquals(
                List.of("ann", "ann"),
                edge.tunnels().stream()
                        .map(each -> ((JsonObject) each).getString("owner"))
                        .toList());
        assertRefused(stage.agentOf("ann", edge, 9, "--name", "other", "--ssh-key", "" + ann.key()), "does not allow");
        assertRefused(stage.agentOf("eve", edge, 9, "--ssh-key", "" + eve.key()), "is not listed at this edge");
        assertRefused(stage.agentOf("eve", edge, 9), "start the agent with --ssh-key FILE");

        Files.writeString(keys, "# nobody\n");

        assertTrue(agent.await("reconnecting").getString("reason").contains("withdrawn"));
        assertRefused(stage.agentOf("ann", edge, 9, "--ssh-key", "" + ann.key()), "is not listed at this edge");
    }

    private static void assertRefused(RunningAgent agent, String words) throws Exception {
        assertEquals(1, agent.program().exitCode(), () -> agent.program().said());
        List<String> said = agent.program().err().awaitEnd();
        assertTrue(said.size() == 1 && said.get(0).contains(words), said::toString);
    }

    private static String answerOf(RunningEdge edge, String name, int request) throws Exception {
        return edge.get(name, "/r/" + request).body();
    }
}

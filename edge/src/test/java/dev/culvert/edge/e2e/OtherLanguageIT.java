package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Whether {@code docs/protocol.md} is enough to write an agent in another language: {@code e2e/agent.py} was written from it
 * alone. An agent that takes no more stops whoever sends, for which no socket has a time limit: on a thread of its own, because
 * nothing interrupts that.
 */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OtherLanguageIT {
    /** More than any window, and than all buffers between a target and a visitor. */
    private static final byte[] LARGE = new byte[32 * 1024 * 1024];

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningEdge edge;
    private static int target;
    private static int files;

    @BeforeAll
    static void start() throws Exception {
        new SplittableRandom(1).nextBytes(LARGE);
        Files.write(stage.folder("files").resolve("large"), LARGE);
        int tcp = Stage.freePort();
        edge = stage.edge("--tcp-ports", tcp + "-" + tcp);
        target = PythonServer.target(stage).port();
        files = PythonServer.serving(stage, stage.folder("files")).port();
    }

    @Test
    void pagesAndWebSocketsPass() throws Exception {
        agent(edge, target, "--name", "pages");

        assertEquals("hello\n", edge.get("pages", "/hello").body());
        try (Visitor visitor = edge.visitor()) {
            visitor.send(WebSocket.upgrade(edge.host("pages")));
            assertEquals(101, visitor.head().status());
            byte[] message = new byte[40_000];
            visitor.send(WebSocket.frame(2, message));
            assertArrayEquals(message, WebSocket.message(visitor));
        }
    }

    @Test
    void longBodiesPassBothWaysUnchanged() throws Exception {
        agent(edge, target, "--name", "up");
        agent(edge, files, "--name", "down");

        try (Visitor visitor = edge.visitor()) {
            visitor.send("PUT / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                    .formatted(edge.host("up"), LARGE.length));
            visitor.send(LARGE);
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(LARGE));
            assertEquals(LARGE.length + "\n" + digest, visitor.answer().body());
        }
        try (Visitor visitor = edge.visitor()) {
            assertEquals(200, visitor.get(edge.host("down"), "/large").head().status());
            assertArrayEquals(LARGE, visitor.bytes(LARGE.length));
        }
    }

    @Test
    void visitorWhoStandsStillDelaysNobody() throws Exception {
        agent(edge, files, "--name", "slow");

        try (Visitor slow = Visitor.to(edge.httpPort(), 16 * 1024)) {
            assertEquals(200, slow.get(edge.host("slow"), "/large").head().status());
            try (Visitor quick = edge.visitor()) {
                assertEquals(200, quick.get(edge.host("slow"), "/large").head().status());
                assertArrayEquals(LARGE, quick.bytes(LARGE.length));
            }
            assertArrayEquals(LARGE, slow.bytes(LARGE.length));
        }
    }

    @Test
    void halfClosedConnectionGetsItsAnswer() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            FutureTask<Void> counting = inBackground(() -> {
                try (Socket socket = server.accept()) {
                    long size = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                    socket.getOutputStream().write(Long.toString(size).getBytes(StandardCharsets.US_ASCII));
                }
            });
            URI url = URI.create(agent(edge, server.getLocalPort(), "--kind", "tcp"));

            try (Visitor visitor = Visitor.to(url.getPort())) {
                visitor.send(new byte[3_000_000]).halfClose();
                assertEquals("3000000", new String(visitor.bytes(7), StandardCharsets.US_ASCII));
                assertEquals(-1, visitor.read());
            }
            counting.get(Stage.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void targetThatIsNotThereIsNamed() throws Exception {
        int nobody = Stage.freePort();
        agent(edge, nobody, "--name", "nobody");

        Answer answer = edge.get("nobody", "/");

        assertEquals(502, answer.status());
        assertTrue(answer.body().contains("127.0.0.1:" + nobody), answer::toString);
    }

    @Test
    void bodyThatBreaksOffDoesNotLookWhole() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            agent(edge, server.getLocalPort(), "--name", "broken");
            try (Visitor visitor = edge.visitor()) {
                // Nothing but the end of the connection ends a body of HTTP/1.0: it must not be a clean one.
                visitor.send("GET / HTTP/1.0\r\nHost: %s\r\n\r\n".formatted(edge.host("broken")));
                Socket socket = server.accept();
                socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\nabc".getBytes(StandardCharsets.US_ASCII));
                assertEquals(200, visitor.head().status());
                socket.setSoLinger(true, 0);
                socket.close();

                assertThrows(IOException.class, () -> {
                    while (visitor.read() >= 0) {
                        // What came before.
                    }
                });
            }
        }
    }

    @Test
    void targetSeesThatAVisitorLeft() throws Exception {
        agent(edge, target, "--name", "leaving");
        try (Visitor visitor = edge.visitor()) {
            assertEquals(
                    200, visitor.get(edge.host("leaving"), "/endless").head().status());
        }

        assertEquals("the visitor left\n", edge.get("leaving", "/left").body());
    }

    @Test
    void nameIsFreeOnceItsAgentWasAskedToEnd() throws Exception {
        Program agent = program(edge, target, "--name", "ended");
        agent.out().await("online");

        agent.terminate();

        assertEquals(0, agent.exitCode(), agent::said);
        assertEquals(404, edge.get("ended", "/hello").status());
    }

    @Test
    void agentComesBackToAnEdgeThatWasStartedAgain() throws Exception {
        RunningEdge other = stage.edge();
        Program agent = program(other, target);
        String url = agent.out().await("online (\\S+)").group(1);

        other.program().terminate();
        assertEquals(0, other.program().exitCode());
        RunningEdge again = other.again(stage);

        assertEquals(url, agent.out().await("online (\\S+)").group(1));
        String host = URI.create(url).getAuthority();
        assertEquals("hello\n", Visitor.get(again.httpPort(), host, "/hello").body());
    }

    /** The URL of its tunnel. */
    private static String agent(RunningEdge edge, int port, String... more) throws IOException {
        return program(edge, port, more).out().await("online (\\S+)").group(1);
    }

    private static Program program(RunningEdge edge, int port, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Program.installed("python3"),
                "-u",
                Checkout.fixture("agent.py").toString(),
                "--edge",
                edge.address(),
                "--target",
                "127.0.0.1:" + port));
        command.addAll(List.of(more));
        return stage.program("agent.py", command);
    }

    private interface Task {
        void run() throws IOException;
    }

    private static FutureTask<Void> inBackground(Task task) {
        FutureTask<Void> future = new FutureTask<>(() -> {
            task.run();
            return null;
        });
        Thread thread = new Thread(future, "target");
        thread.setDaemon(true);
        thread.start();
        return future;
    }
}

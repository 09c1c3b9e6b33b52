package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What HTTP can do beside a page, through an edge, an agent and a target written in Python. */
class StreamingIT {
    @RegisterExtension
    static final Stage stage = Stage.asUsersRunIt();

    /** More than all buffers between a target and a visitor who reads slowly. */
    private static final int LARGE_BYTES = 32 * 1024 * 1024;

    private static RunningEdge edge;
    private static String name;
    private static String files;

    @BeforeAll
    static void tunnels() throws Exception {
        edge = stage.edge();
        name = stage.agent(edge, PythonServer.target(stage).port()).awaitName();
        Path folder = stage.folder("files");
        Files.write(folder.resolve("large"), noise(LARGE_BYTES));
        files = stage.agent(edge, PythonServer.serving(stage, folder).port(), "--name", "files")
                .awaitName();
    }

    @Test
    void webSocketMessagesComeBackAsTheyWere() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send(WebSocket.upgrade(edge.host(name)));

            Answer answer = visitor.head();

            assertEquals(101, answer.status(), answer::toString);
            assertEquals(
                    WebSocket.ACCEPTED, answer.header("sec-websocket-accept").orElse("none"));
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
    void whatVisitorSendsRightBehindAnUpgradeIsNotLost() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send(WebSocket.upgrade(edge.host(name)));
            visitor.send(WebSocket.frame(1, "early".getBytes(StandardCharsets.UTF_8)));

            assertEquals(101, visitor.head().status());
            assertEquals("early", new String(WebSocket.message(visitor), StandardCharsets.UTF_8));
        }
    }

    @Test
    void eachEventArrivesWhenItIsWritten() throws Exception {
        try (Visitor listener = edge.visitor()) {
            listener.get(edge.host(name), "/events");

            for (int number = 1; number <= 3; number++) {
                // The target writes one event for each of these, and the next only after this one was read.
                assertEquals(200, edge.get(name, "/next").status());
                if (number == 1) {
                    assertEquals(200, listener.head().status());
                }
                assertEquals("data: %d\n\n".formatted(number), new String(listener.chunk(), StandardCharsets.UTF_8));
            }
            assertEquals(0, listener.chunk().length);
        }
    }

    @Test
    void targetThatWritesSeesThatItsVisitorHasLeft() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.get(edge.host(name), "/endless");
            assertEquals(200, visitor.head().status());
            visitor.chunk();
        }

        assertEquals("the visitor left\n", edge.get(name, "/left").body());
    }

    @Test
    void targetThatWaitsSeesThatItsVisitorBrokeOff() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.get(edge.host(name), "/wait");
            assertEquals(200, visitor.head().status());
            visitor.chunk();
            // A reset: an end alone could be that of a visitor who only has nothing more to say.
            visitor.socket().setSoLinger(true, 0);
        }

        assertEquals("the visitor left\n", edge.get(name, "/left").body());
    }

    @Test
    void visitorWhoClosesItsHalfStillGetsTheAnswer() throws Exception {
        byte[] body = noise(3_000_000);
        try (Visitor visitor = edge.visitor()) {
            visitor.send(post("/any", body.length, "Connection: close\r\n"))
                    .send(body)
                    .halfClose();

            Answer answer = visitor.answer();

            assertEquals(200, answer.status(), answer::toString);
            assertArrayEquals(body, answer.body().getBytes(StandardCharsets.ISO_8859_1));
            assertEquals(-1, visitor.read());
        }
    }

    @Test
    void visitorWhoClosesItsHalfGetsALargeAnswerHoweverSlowItReads() throws Exception {
        try (Visitor visitor = Visitor.to(edge.httpPort(), 4096)) {
            visitor.get(edge.host(files), "/large").halfClose();

            assertLargeArrives(visitor);
        }
    }

    @Test
    void readerWhoIsSlowGetsEveryByte() throws Exception {
        try (Visitor visitor = Visitor.to(edge.httpPort(), 4096)) {
            visitor.get(edge.host(files), "/large");

            assertLargeArrives(visitor);
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInTheirOrder() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            String host = edge.host(name);
            visitor.send("GET /hello HTTP/1.1\r\nHost: %1$s\r\n\r\n".formatted(host)
                    + post("/any", 3, "") + "abc"
                    + "GET /seen?third HTTP/1.1\r\nHost: %1$s\r\n\r\n".formatted(host));

            assertEquals("hello\n", visitor.answer().body());
            assertEquals("abc", visitor.answer().body());
            String third = visitor.answer().body();
            assertTrue(third.startsWith("GET /seen?third HTTP/1.1"), third);
        }
    }

    @Test
    void connectionIsKeptForTheNextRequestToAnotherTunnel() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            assertEquals(
                    "hello\n", visitor.get(edge.host(name), "/hello").answer().body());
            assertTrue(visitor.get(edge.host(files), "/").answer().body().contains("Directory listing"));
            assertEquals(
                    "hello\n", visitor.get(edge.host(name), "/hello").answer().body());
        }
    }

    @Test
    void visitorOfHttp10GetsAPlainBodyAndTheEnd() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send("GET /trailers HTTP/1.0\r\nHost: %s\r\n\r\n".formatted(edge.host(name)));

            Answer answer = visitor.answer();

            assertEquals(200, answer.status());
            assertTrue(answer.header("transfer-encoding").isEmpty(), answer::toString);
            assertEquals("body", answer.body());
            assertEquals(-1, visitor.read());
        }
    }

    @Test
    void headTellsTheLengthAndLeavesTheConnectionUsable() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send("HEAD /hello HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(edge.host(name)));

            Answer answer = visitor.answerToHead();

            assertEquals(200, answer.status());
            assertEquals("123456", answer.header("content-length").orElse("none"));
            assertEquals(
                    "hello\n", visitor.get(edge.host(name), "/hello").answer().body());
        }
    }

    @Test
    void curlIsToldToContinueAndSendsItsBody() throws Exception {
        Path body = Files.write(stage.folder().resolve("body"), noise(2_000_000));
        Path echo = stage.folder().resolve("echo");
        Program curl = stage.program(
                "curl",
                List.of(
                        Program.installed("curl"),
                        "-sv",
                        // Longer than the test waits: the body must not be sent because curl lost patience.
                        "--expect100-timeout",
                        "600",
                        "-H",
                        "Expect: 100-continue",
                        "-H",
                        "Host: " + edge.host(name),
                        "--data-binary",
                        "@" + body,
                        "-o",
                        echo.toString(),
                        "http://127.0.0.1:%d/any".formatted(edge.httpPort())));

        curl.err().await("< HTTP/1.1 100 Continue");
        curl.err().await("< HTTP/1.1 200 OK");

        assertEquals(0, curl.exitCode());
        assertEquals(-1, Files.mismatch(body, echo));
    }

    @Test
    void trailersTravelBothWays() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send("GET /trailers HTTP/1.1\r\nHost: %s\r\nTE: trailers\r\n\r\n".formatted(edge.host(name)));
            Answer answer = visitor.answer();
            assertEquals("body", answer.body());
            assertEquals(List.of("of-the-body"), answer.trailers().get("x-digest"), answer::toString);

            visitor.send(("PUT /any HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                            + "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")
                    .formatted(edge.host(name)));
            List<String> seen = visitor.answer().body().lines().toList();
            assertEquals("3", seen.get(0));
            assertTrue(seen.subList(2, seen.size()).stream().anyMatch("X-Sum: 42"::equalsIgnoreCase), seen::toString);
        }
    }

    @Test
    void bodyThatEndsWithItsConnectionIsWhole() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            Answer answer = visitor.get(edge.host(name), "/until-close").answer();

            assertEquals(200, answer.status());
            assertEquals("x".repeat(100_000), answer.body());
        }
    }

    private static void assertLargeArrives(Visitor visitor) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        assertEquals(200, visitor.head().status());
        for (int read = 0; read < LARGE_BYTES; read += 4096) {
            digest.update(visitor.bytes(4096));
        }
        assertEquals(sha256(noise(LARGE_BYTES)), HexFormat.of().formatHex(digest.digest()));
    }

    private static String post(String path, int length, String more) {
        return "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n"
                .formatted(path, edge.host(name), length, more);
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}

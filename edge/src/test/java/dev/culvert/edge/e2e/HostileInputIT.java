package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What visitors and targets send who mean harm, or do not know better: what comes of it, and what the other side saw. */
class HostileInputIT {
    /** The edge gives a head 10 s; the rest is for a busy machine. */
    private static final Duration SLOW_HEAD = Duration.ofSeconds(30);

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningEdge edge;
    private static RecordingTarget target;

    @BeforeAll
    static void tunnel() throws Exception {
        edge = stage.edge();
        target = stage.keep(RecordingTarget.start());
        stage.agent(edge, target.port(), "--name", "shop").awaitOnline();
    }

    @BeforeEach
    void forgetEarlierRequests() {
        target.takeRequests();
    }

    /**
     * A row of the table.
     *
     * @param what the mischief
     * @param bytes what the visitor sends; {@code HOST} stands for the tunnel's host, {@code PORT} for the port
     * @param status of the answer
     * @param kept whether the connection takes another request
     * @param received how many whole requests reached the target
     */
    private record Row(String what, String bytes, int status, boolean kept, int received) {}

    private static final String GET = "GET / HTTP/1.1\r\nHost: HOST\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: HOST\r\n";
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";
    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n";

    private static final List<Row> TABLE = List.of(
            new Row("an honest request", GET + "\r\n", 200, true, 1),
            new Row("an honest chunked request", CHUNKED + "3\r\nabc\r\n0\r\n\r\n", 200, true, 1),
            new Row(
                    "Content-Length beside Transfer-Encoding",
                    POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                    400,
                    false,
                    0),
            new Row(
                    "two lengths",
                    POST + "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc" + SMUGGLED,
                    400,
                    false,
                    0),
            new Row("two lengths in one field", POST + "Content-Length: 3, 40\r\n\r\nabc" + SMUGGLED, 400, false, 0),
            new Row("a length with a sign", POST + "Content-Length: +3\r\n\r\nabc", 400, false, 0),
            new Row("a negative length", POST + "Content-Length: -3\r\n\r\nabc", 400, false, 0),
            new Row(
                    "two transfer encodings",
                    POST + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                    400,
                    false,
                    0),
            new Row(
                    "a transfer encoding that is not chunked",
                    POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                    400,
                    false,
                    0),
            new Row(
                    "chunked for HTTP/1.0",
                    "POST / HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                    400,
                    false,
                    0),
            new Row("obsolete folding", GET + "X-A: one\r\n two\r\n\r\n", 400, false, 0),
            new Row("a bare line feed", "GET / HTTP/1.1\nHost: HOST\n\n", 400, false, 0),
            new Row("a bare line feed inside the head", GET + "X-A: one\nX-B: two\r\n\r\n", 400, false, 0),
            new Row("a bare carriage return", GET + "X-A: one\rX-B: two\r\n\r\n", 400, false, 0),
            new Row("a NUL in a field", GET + "X-A: a\0b\r\n\r\n", 400, false, 0),
            new Row("a space before the colon", POST + "Content-Length : 3\r\n\r\nabc" + SMUGGLED, 400, false, 0),
            new Row("a space in a name", GET + "X A: b\r\n\r\n", 400, false, 0),
            new Row("a field without a name", GET + ": b\r\n\r\n", 400, false, 0),
            new Row("a field without a colon", GET + "nonsense\r\n\r\n", 400, false, 0),
            new Row("no Host", "GET / HTTP/1.1\r\n\r\n", 400, false, 0),
            new Row("two Hosts", GET + "Host: other.localhost\r\n\r\n", 400, false, 0),
            new Row("the same Host twice", GET + "Host: HOST\r\n\r\n", 400, false, 0),
            new Row("a Host with a user", "GET / HTTP/1.1\r\nHost: me@HOST\r\n\r\n", 400, false, 0),
            new Row(
                    "an absolute form against Host",
                    "GET http://other.localhost:PORT/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
                    400,
                    false,
                    0),
            new Row("an absolute form like Host", "GET http://HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 200, true, 1),
            new Row("an unknown host", "GET / HTTP/1.1\r\nHost: nobody.localhost:PORT\r\n\r\n", 404, true, 0),
            new Row("a foreign host", "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n", 421, true, 0),
            new Row("a host that ends alike", "GET / HTTP/1.1\r\nHost: shop.notlocalhost\r\n\r\n", 421, true, 0),
            new Row("two labels", "GET / HTTP/1.1\r\nHost: a.shop.localhost:PORT\r\n\r\n", 421, true, 0),
            new Row("upper case and a final dot", "GET / HTTP/1.1\r\nHost: SHOP.localhost.:PORT\r\n\r\n", 200, true, 1),
            new Row("a method that is none", "G(T / HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, false, 0),
            new Row("a version that is none", "GET / HTTP/9.9\r\nHost: HOST\r\n\r\n", 400, false, 0),
            new Row("a space too many", "GET / HTTP/1.1 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, false, 0),
            new Row("a head of 1 MiB", GET + "X-A: " + "a".repeat(1 << 20) + "\r\n\r\n", 431, false, 0),
            new Row("a MiB of fields", GET + "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(32_768), 431, false, 0));

    /** Their head is well-formed and may have gone on; what matters is that the target never has a whole request. */
    private static final List<String> CHUNK_TRICKS = List.of(
            "0x3\r\nabc\r\n0\r\n\r\n",
            "+3\r\nabc\r\n0\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n",
            "3 3\r\nabc\r\n0\r\n\r\n",
            "\r\nabc\r\n0\r\n\r\n",
            "3\nabc\n0\n\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nabc0\r\n\r\n",
            "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
            "8000000000000000\r\nabc\r\n0\r\n\r\n",
            "zz\r\nabc\r\n0\r\n\r\n");

    @TestFactory
    Stream<DynamicTest> requests() {
        return TABLE.stream().map(row -> dynamicTest(row.what(), () -> assertRow(row)));
    }

    @TestFactory
    Stream<DynamicTest> chunks() {
        return CHUNK_TRICKS.stream()
                .map(trick -> dynamicTest(trick.replaceAll("\\s+", " "), () -> assertChunkTrickFails(trick)));
    }

    @Test
    void headAtOneByteASecondIsNotWaitedFor() throws Exception {
        long began = System.nanoTime();
        try (Visitor visitor = edge.visitor()) {
            visitor.socket().setSoTimeout(1000);
            String head = GET.replace("HOST", edge.host("shop")) + "X-A: " + "a".repeat(60);
            int sent = 0;
            while (true) {
                assertTrue(System.nanoTime() - began < SLOW_HEAD.toNanos(), "the edge waits for ever");
                visitor.send(head.substring(sent, ++sent));
                try {
                    assertEquals('H', visitor.read());
                    break;
                } catch (SocketTimeoutException e) {
                    // Time for the next byte.
                }
            }
            assertTrue(visitor.line().startsWith("TTP/1.1 408 "));
        }
        assertEquals(List.of(), target.takeRequests());
    }

    @Test
    void targetSeesOnlyTheEdgesWordOnWhoTheVisitorIs() throws Exception {
        List<String> forged = List.of(
                "X-Forwarded-For: 6.6.6.6",
                "X-Forwarded-Host: evil.example",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Port: 443",
                "X-Forwarded-Anything: 6.6.6.6",
                "X_Forwarded_For: 6.6.6.6",
                "X-Forwarded_For: 6.6.6.6",
                "Forwarded: for=6.6.6.6",
                "X-Real-IP: 6.6.6.6",
                "X_Real_IP: 6.6.6.6",
                "Culvert-Error: forged",
                "Culvert-Anything: forged",
                "Culvert_Error: forged",
                "Keep-Alive: timeout=6",
                "Proxy-Connection: forged",
                "Proxy-Authorization: forged",
                "X-Nominated: forged",
                "HTTP2-Settings: forged");
        try (Visitor visitor = edge.visitor()) {
            visitor.send(
                    "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings, X-Nominated\r\n%s\r\n%s\r\n\r\n"
                            .formatted(edge.host("shop"), "Upgrade: h2c", String.join("\r\n", forged)));
            assertEquals(200, visitor.answer().status());
        }
        String request = target.awaitRequest();
        List<String> fields = request.lines()
                .skip(1)
                .map(line -> line.toLowerCase(Locale.ROOT))
                .toList();

        for (String field : forged) {
            assertFalse(fields.contains(field.toLowerCase(Locale.ROOT)), field + " in " + request);
        }
        assertTrue(fields.stream().noneMatch(line -> line.contains("6.6.6.6") || line.contains("h2c")), request);
        assertTrue(fields.contains("x-forwarded-for: 127.0.0.1"), request);
        assertTrue(fields.contains("x-forwarded-proto: http"), request);
        assertTrue(fields.contains("x-forwarded-host: " + edge.host("shop")), request);
        assertTrue(fields.contains("x-forwarded-port: " + edge.httpPort()), request);
        assertTrue(fields.contains("host: " + edge.host("shop")), request);
    }

    @Test
    void upgradeThatTheTargetRefusesIsFollowedByARequestAndNotByRawBytes() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            String host = edge.host("shop");
            visitor.send("GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                    .formatted(host));
            visitor.send("GET /next HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n".formatted(host));

            assertEquals(200, visitor.answer().status());
            assertTrue(target.awaitRequest().startsWith("GET /chat HTTP/1.1\r\n"));
            try {
                assertEquals(200, visitor.answer().status());
                String next = target.awaitRequest();
                assertTrue(next.startsWith("GET /next HTTP/1.1\r\n"), next);
                assertFalse(next.contains("6.6.6.6"), next);
            } catch (EOFException | SocketException e) {
                // To close is sound as well: then nothing of the second request went on.
                assertEquals(List.of(), target.takeRequests());
            }
        }
    }

    @Test
    void secondAnswerToOneRequestIsNobodysAnswer() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            Answer first = visitor.get(edge.host("shop"), "/twice").answer();
            assertTrue(first.status() == 502 || first.body().equals("first"), first::toString);
            if (first.header("connection").orElse("").equals("close")) {
                return;
            }

            Answer next = visitor.get(edge.host("shop"), "/").answer();

            assertEquals("ok", next.body());
            assertTrue(next.header("x-smuggled").isEmpty(), next::toString);
        }
    }

    @Test
    void bodyThatBreaksOffNeverLooksWhole() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.get(edge.host("shop"), "/short");
            Answer head = visitor.head();
            assertEquals(200, head.status());
            assertEquals("100", head.header("content-length").orElse("none"));

            String rest;
            try {
                rest = visitor.rest();
            } catch (SocketException reset) {
                return;
            }
            assertTrue(rest.length() < 100, "%d bytes came".formatted(rest.length()));
        }
    }

    @Test
    void bytesBeyondTheLengthGoNowhere() throws Exception {
        try (Visitor visitor = edge.visitor()) {
            Answer answer = visitor.get(edge.host("shop"), "/long").answer();

            assertTrue(answer.status() == 502 || answer.body().equals("four"), answer::toString);
            assertFalse(answer.body().contains("and more"), answer::toString);
        }
        assertEquals("ok", edge.get("shop", "/").body());
    }

    @Test
    void answersThatMakeNoSenseAre502() throws Exception {
        for (String path : List.of("/unasked", "/noise", "/both")) {
            Answer answer = edge.get("shop", path);

            assertEquals(502, answer.status(), () -> path + ": " + answer);
            assertTrue(answer.error().isPresent(), () -> path + ": " + answer);
            assertFalse(answer.body().contains("raw bytes"), () -> path + ": " + answer);
            assertEquals("ok", edge.get("shop", "/").body(), "after " + path);
        }
    }

    @Test
    void targetCannotSpeakForTheEdge() throws Exception {
        Answer answer = edge.get("shop", "/forging");

        assertEquals(200, answer.status());
        assertTrue(answer.error().isEmpty(), answer::toString);
    }

    private void assertRow(Row row) throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send(here(row.bytes()));
            Answer answer = visitor.answer();
            assertEquals(row.status(), answer.status(), answer::toString);
            assertEquals(row.status() != 200, answer.error().isPresent(), answer::toString);
            assertEquals(row.kept(), takesAnother(visitor), "whether the connection is kept");
        }
        List<String> received = target.takeRequests();
        // The request that asks whether the connection is kept is one more.
        assertEquals(row.received() + (row.kept() ? 1 : 0), received.size(), received::toString);
        assertTrue(received.stream().noneMatch(request -> request.contains("/smuggled")), received::toString);
    }

    private void assertChunkTrickFails(String chunks) throws Exception {
        try (Visitor visitor = edge.visitor()) {
            visitor.send(here(CHUNKED + chunks + SMUGGLED));
            try {
                Answer answer = visitor.answer();
                assertEquals(400, answer.status(), answer::toString);
                assertFalse(takesAnother(visitor), "the connection is kept");
            } catch (EOFException | SocketException cut) {
                // Cut, because the head had gone on: sound as well.
            }
        }
        assertEquals("ok", edge.get("shop", "/after").body());
        List<String> received = target.takeRequests();
        assertEquals(1, received.size(), received::toString);
        assertTrue(received.get(0).startsWith("GET /after "), received::toString);
    }

    private boolean takesAnother(Visitor visitor) throws IOException {
        try {
            return visitor.get(edge.host("shop"), "/another").answer().body().equals("ok");
        } catch (EOFException | SocketException closed) {
            return false;
        }
    }

    private String here(String bytes) {
        return bytes.replace("HOST", edge.host("shop")).replace("PORT", Integer.toString(edge.httpPort()));
    }
}

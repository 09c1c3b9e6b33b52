package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawHttp2Visitor.Answer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What visitors who speak HTTP/2 and targets say to each other, as long as both are sound. */
class Http2VisitorTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final int INTERNAL_ERROR = 2;
    private static final int NO_ERROR = 0;

    private Door door;
    private RawHttp2Visitor visitor;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        visitor = door.http2Visitor();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void requestReachesTheTargetAsHttp1AndItsAnswerTheVisitor() throws Exception {
        int stream = visitor.request(
                ":method: GET",
                ":scheme: https",
                ":authority: app.example.com:8080",
                ":path: /a?b=c",
                "accept: x",
                "cookie: a=1",
                "cookie: b=2",
                "x-forwarded-for: 10.9.9.9");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.send("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-A: b\r\nSet-Cookie: c=1\r\nSet-Cookie: d=2\r\n"
                + "Keep-Alive: timeout=5\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\nhello");

        Answer answer = visitor.await(stream);

        assertTrue(head.startsWith("GET /a?b=c HTTP/1.1\r\n"), head);
        assertTrue(head.contains("host: app.example.com:8080\r\n"), head);
        assertTrue(head.contains("accept: x\r\n"), head);
        assertTrue(head.contains("cookie: a=1; b=2\r\n"), head);
        assertTrue(head.contains("x-forwarded-for: 127.0.0.1\r\n"), head);
        assertTrue(head.contains("x-forwarded-proto: http\r\n"), head); // What it came by, not what it says.
        assertFalse(head.contains("authority"), head);
        assertFalse(head.contains("transfer-encoding"), head);
        assertEquals(200, answer.status());
        assertEquals("b", answer.field("x-a"));
        assertEquals("c=1\nd=2", answer.field("set-cookie"));
        assertFalse(
                answer.fields().containsKey("connection"), () -> answer.fields().toString());
        assertFalse(
                answer.fields().containsKey("keep-alive"), () -> answer.fields().toString());
        assertFalse(answer.fields().containsKey("x-hop"), () -> answer.fields().toString());
        assertEquals("hello", answer.body());
        assertEquals(-1, answer.reset());
        target.awaitConsumed();
    }

    @Test
    void prefaceInSinglePiecesIsUnderstood() throws Exception {
        try (java.net.Socket socket = new java.net.Socket("127.0.0.1", door.port())) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(5_000);
            for (byte next : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                    .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)) {
                socket.getOutputStream().write(next);
            }

            byte[] first = socket.getInputStream().readNBytes(9);

            assertEquals(RawHttp2Visitor.SETTINGS, first[3]);
        }
    }

    @Test
    void requestsAtOnceHaveStreamsOfTheirOwnAndEndInAnyOrder() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        int two = visitor.request(get(Door.HOST, "/2"));
        FakeTarget first = door.carriers.awaitStream();
        FakeTarget second = door.carriers.awaitStream();
        assertTrue(first.awaitHead().startsWith("GET /1 "));
        assertTrue(second.awaitHead().startsWith("GET /2 "));

        second.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        assertEquals("2", visitor.await(two).body());
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        assertEquals("1", visitor.await(one).body());
    }

    @Test
    void nextRequestsGoDownTheStreamsOfEarlierOnes() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        int two = visitor.request(get(Door.HOST, "/2"));
        List<FakeTarget> targets = List.of(door.carriers.awaitStream(), door.carriers.awaitStream());
        for (FakeTarget target : targets) {
            target.awaitHead();
            target.send(OK);
        }
        visitor.await(one);
        visitor.await(two);

        List<Integer> next = List.of(visitor.request(get(Door.HOST, "/n")), visitor.request(get(Door.HOST, "/n")));
        for (FakeTarget target : targets) {
            assertTrue(target.awaitHead().startsWith("GET /n "));
            target.send(OK);
        }

        for (int stream : next) {
            assertEquals("ok", visitor.await(stream).body());
        }
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorsNeverShareAStream() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        first.send(OK);
        visitor.await(one);

        door.http2Visitor().request(get(Door.HOST, "/2"));

        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET /2 "));
        assertEquals("", first.untaken());
    }

    @Test
    void twoTunnelsOnOneConnectionAreNeverMixed() throws Exception {
        door.registry.know(FakeRegistry.tunnel("b.example.com"));
        int[] streams = new int[20];
        for (int at = 0; at < streams.length; at++) {
            streams[at] = visitor.request(get(at % 2 == 0 ? Door.HOST : "b.example.com", "/" + at));
        }
        List<FakeTarget> targets = new ArrayList<>(); // All before the first answer: its stream could be used again.
        for (int at = 0; at < streams.length; at++) {
            targets.add(door.carriers.awaitStream());
        }
        for (FakeTarget target : targets) {
            String head = target.awaitHead();
            String host = target.request().tunnel().substring("host:".length());
            assertTrue(head.contains("host: " + host + "\r\n"), head);
            target.send("HTTP/1.1 200 OK\r\nContent-Length: " + host.length() + "\r\n\r\n" + host);
        }
        for (int at = 0; at < streams.length; at++) {
            assertEquals(
                    at % 2 == 0 ? Door.HOST : "b.example.com",
                    visitor.await(streams[at]).body());
        }
    }

    @Test
    void bodyAndTrailersPassBothWays() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "te: trailers", "trailer: x-sum"));
        visitor.data(stream, "abc", false);
        visitor.data(stream, "def", false);
        visitor.trailers(stream, "x-sum: 1", "culvert-sum: 2", "content-length: 3");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        String body = target.awaitText("x-sum: 1\r\n\r\n");
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Done: yes\r\n\r\n");

        Answer answer = visitor.await(stream);

        assertTrue(head.contains("te: trailers\r\n"), head);
        assertTrue(head.contains("transfer-encoding: chunked\r\n"), head);
        assertEquals("3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 1\r\n\r\n", body);
        assertEquals("hi", answer.body());
        assertEquals("yes", answer.trailers().get("x-done"));
        assertFalse(answer.fields().containsKey("transfer-encoding"));
    }

    @Test
    void bodyWithALengthIsFramedByIt() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "content-length: 6"));
        visitor.data(stream, "abc", false);
        visitor.data(stream, "def", true);
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.awaitText("abcdef");
        target.send(OK);

        assertTrue(head.contains("content-length: 6\r\n"), head);
        assertFalse(head.contains("transfer-encoding"), head);
        assertEquals("ok", visitor.await(stream).body());
        assertEquals("", target.untaken());
    }

    @Test
    void postWithoutABodySaysSo() throws Exception {
        int stream = visitor.request(post(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.send(OK);

        assertTrue(head.contains("content-length: 0\r\n"), head);
        assertEquals(200, visitor.await(stream).status());
    }

    @Test
    void answersWithoutABodyHaveNone() throws Exception {
        String[][] exchanges = {
            {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
            {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
            {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
            {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"},
            {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
            {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        };
        FakeTarget target = null;
        for (String[] exchange : exchanges) {
            int stream =
                    visitor.request(":method: " + exchange[0], ":scheme: http", ":authority: " + Door.HOST, ":path: /");
            target = target == null ? door.carriers.awaitStream() : target;
            target.awaitHead();
            target.send(exchange[1]);
            Answer answer = visitor.await(stream);
            assertEquals("", answer.body());
            assertEquals(
                    exchange[1].contains("10") ? "10" : exchange[1].contains(": 0") ? "0" : null,
                    answer.field("content-length"));
        }
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void eventsReachTheVisitorOneByOne() throws Exception {
        int stream = visitor.request(get(Door.HOST, "/events"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");

        for (int event = 1; event <= 3; event++) {
            target.send("data: " + event + "\n\n");
            assertTrue(visitor.awaitBody(stream, event * 9).endsWith("data: " + event + "\n\n"));
        }
        target.finish();

        assertEquals(27, visitor.await(stream).body().length());
    }

    @Test
    void interimAnswersPass() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "expect: 100-continue", "content-length: 3"));
        FakeTarget target = door.carriers.awaitStream();
        assertTrue(target.awaitHead().contains("expect: 100-continue\r\n"));
        target.send(
                "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 0\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        assertEquals(103, visitor.awaitInterim(stream));
        assertFalse(visitor.lastFields().containsKey("content-length"));
        visitor.data(stream, "abc", true);
        target.awaitText("abc");
        target.send(OK);

        Answer answer = visitor.await(stream);

        assertEquals(List.of(103, 100), answer.interim());
        assertEquals("ok", answer.body());
    }

    @Test
    void cancelledRequestEndsItsStreamAndNoOther() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        int two = visitor.request(get(Door.HOST, "/2"));
        FakeTarget first = door.carriers.awaitStream();
        FakeTarget second = door.carriers.awaitStream();
        first.awaitHead();
        second.awaitHead();

        visitor.reset(one);

        assertEquals(CloseReason.CANCELLED, first.awaitReset());
        second.send(OK);
        assertEquals("ok", visitor.await(two).body());
        assertFalse(second.wasReset());
    }

    @Test
    void targetsSeeThatAVisitorLeft() throws Exception {
        visitor.request(get(Door.HOST, "/1"));
        visitor.open(post(Door.HOST, "/2"));
        FakeTarget first = door.carriers.awaitStream();
        FakeTarget second = door.carriers.awaitStream();
        first.awaitHead();
        second.awaitHead();

        visitor.close();

        assertEquals(CloseReason.CANCELLED, first.awaitReset());
        assertEquals(CloseReason.CANCELLED, second.awaitReset());
    }

    @Test
    void brokenOffResponseResetsItsStreamAlone() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        visitor.awaitBody(one, 5);
        first.reset(CloseReason.TARGET_FAILED, 0, "");

        assertEquals(INTERNAL_ERROR, visitor.await(one).reset());

        int two = visitor.request(get(Door.HOST, "/2"));
        FakeTarget second = door.carriers.awaitStream();
        second.awaitHead();
        second.send(OK);
        assertEquals("ok", visitor.await(two).body());
    }

    @Test
    void whatCameBeforeAResponseBrokeOffReachesTheVisitorBeforeItsReset() throws Exception {
        int stream = visitor.request(get(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        target.sendLast("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");

        Answer answer = visitor.await(stream);
        assertEquals("hello", answer.body());
        assertEquals(INTERNAL_ERROR, answer.reset());
    }

    @Test
    void ownAnswersLeaveTheConnectionOpen() throws Exception {
        Answer unknown = visitor.await(visitor.request(get("nobody.example.com", "/")));
        Answer foreign = visitor.await(visitor.request(get("www.example.org", "/")));
        int uploading = visitor.open(post("nobody.example.com", "/"));
        Answer upload = visitor.await(uploading);
        Answer head = visitor.await(
                visitor.request(":method: HEAD", ":scheme: http", ":authority: nobody.example.com", ":path: /"));
        Answer own = visitor.await(visitor.request(get("example.com", "/")));

        assertEquals(404, unknown.status());
        assertEquals("tunnel_not_found", unknown.field("culvert-error"));
        assertEquals(421, foreign.status());
        assertEquals(404, upload.status());
        assertTrue(upload.body().contains("nobody"));
        assertEquals(404, head.status());
        assertEquals("", head.body());
        assertEquals(200, own.status());
        visitor.sync(); // The rest of the upload was not waited for.
        assertEquals(NO_ERROR, visitor.await(uploading).reset());
    }

    @Test
    void passthroughNameIsMisdirectedHere() throws Exception {
        Tunnel http = FakeRegistry.tunnel("own.example.com");
        door.registry.know(new Tunnel(http.key(), "owner", 0, "tls", http.policy(), http.claims(), 0));

        assertEquals(
                421, visitor.await(visitor.request(get("own.example.com", "/"))).status());
    }

    @Test
    void earlyAnswerToAnUploadIsWholeAndTheRestGoesOn() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "content-length: 6"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send(OK);
        assertEquals("ok", visitor.awaitBody(stream, 2));

        visitor.data(stream, "abcdef", true);

        target.awaitText("abcdef");
        assertEquals(-1, visitor.await(stream).reset());
        assertFalse(target.wasReset());
    }

    @Test
    void stalledUploadHoldsItsWindowAndDelaysNobody() throws Exception {
        int stalled = visitor.open(post(Door.HOST, "/stalled"));
        FakeTarget deaf = door.carriers.awaitStream();
        deaf.awaitHead();
        deaf.takesMore(false);
        String piece = "x".repeat(16_000);
        visitor.data(stalled, piece, false); // One more comes through: who is full says so when it is asked.
        deaf.awaitText("\r\n");
        for (int sent = 0; sent < 3; sent++) {
            visitor.data(stalled, piece, false);
        }
        visitor.sync();
        assertEquals(0, visitor.granted(stalled));
        assertTrue(deaf.delivered() < 20_000, "so much was passed on: " + deaf.delivered());

        FakeTarget target = null;
        for (int other = 0; other < 3; other++) {
            int stream = visitor.open(post(Door.HOST, "/other", "content-length: 160000"));
            target = target == null ? door.carriers.awaitStream() : target;
            for (int sent = 0; sent < 10; sent++) {
                while (visitor.granted(stream) + 65_535 < (sent + 1) * 16_000L) {
                    visitor.sync();
                }
                visitor.data(stream, piece, sent == 9);
            }
            target.awaitText(piece.repeat(10));
            target.send(OK);
            assertEquals("ok", visitor.await(stream).body());
        }

        deaf.takesMore(true);
        visitor.data(stalled, "end", true);
        deaf.awaitText("end");
        deaf.send(OK);
        assertEquals("ok", visitor.await(stalled).body());
    }

    @Test
    void windowOfAnUploadThatRunsGrows() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        String piece = "x".repeat(16_000);
        long sent = 0;
        while (visitor.granted(stream) - sent + 65_535 < 500_000) { // Eight times what it began with.
            while (visitor.granted(stream) - sent + 65_535 < piece.length()) {
                visitor.sync();
            }
            visitor.data(stream, piece, false);
            sent += piece.length();
            visitor.sync();
            assertTrue(sent < 64 * 1024 * 1024, "it never grew");
        }
        visitor.data(stream, "", true);
        target.awaitText("\r\n0\r\n\r\n");
        target.send(OK);
        assertEquals("ok", visitor.await(stream).body());
    }

    @Test
    void stalledDownloadHoldsLittleAndDelaysNobody() throws Exception {
        visitor.grantNothing();
        visitor.grant(0, 100_000_000);
        int stalled = visitor.request(get(Door.HOST, "/big"));
        FakeTarget big = door.carriers.awaitStream();
        big.awaitHead();
        String piece = "x".repeat(64 * 1024);
        int pieces = 100;
        big.send("HTTP/1.1 200 OK\r\nContent-Length: " + pieces * piece.length() + "\r\n\r\n");
        for (int sent = 0; sent < pieces; sent++) {
            big.send(piece);
        }
        visitor.awaitBody(stalled, 65_535);

        int other = visitor.request(get(Door.HOST, "/small"));
        FakeTarget small = door.carriers.awaitStream();
        small.awaitHead();
        small.send(OK);
        assertEquals("ok", visitor.await(other).body());
        assertEquals(65_535, visitor.received(stalled));
        assertTrue(big.held() > 95L * piece.length(), "taken for a visitor that does not read: " + big.held());

        visitor.grant(stalled, pieces * piece.length());
        assertEquals(pieces * piece.length(), visitor.await(stalled).body().length());
        big.awaitConsumed();
    }

    @Test
    void drainedConnectionServesWhatCrossesAndEndsAfterItsLastStream() throws Exception {
        int one = visitor.request(get(Door.HOST, "/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();

        Future<Void> drained = door.visitorPort.drain();
        assertEquals(Integer.MAX_VALUE, visitor.awaitGoAway());
        int crossing = visitor.request(get(Door.HOST, "/2"));
        FakeTarget second = door.carriers.awaitStream();
        second.awaitHead();
        second.send(OK);
        assertEquals("ok", visitor.await(crossing).body());
        assertEquals(crossing, visitor.awaitGoAway());
        first.send(OK);
        assertEquals("ok", visitor.await(one).body());

        assertEquals(NO_ERROR, visitor.awaitEnd());
        visitor.close();
        drained.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    @Test
    void idleConnectionIsToldGoodbye() throws Exception {
        try (Door quick = Door.open(Duration.ofSeconds(10), Duration.ofMillis(200))) {
            RawHttp2Visitor idle = quick.http2Visitor();
            int stream = idle.request(get(Door.HOST, "/"));
            FakeTarget target = quick.carriers.awaitStream();
            target.awaitHead();
            target.send(OK);
            idle.await(stream);

            assertEquals(NO_ERROR, idle.awaitEnd());
            target.awaitFinish();
        }
    }

    @Test
    void visitorWhoAsksNothingIsNotWaitedFor() throws Exception {
        try (Door quick = Door.open(Duration.ofMillis(200), Duration.ofSeconds(30))) {
            assertEquals(NO_ERROR, quick.http2Visitor().awaitEnd());
        }
    }

    @Test
    void exchangesAreCountedAndReported() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/p", "content-length: 3"));
        visitor.data(stream, "abc", true);
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");
        target.send(OK);
        visitor.await(stream);

        Exchange report = target.awaitReport();

        assertEquals("POST", report.method());
        assertEquals("/p", report.path());
        assertEquals(200, report.status());
        assertEquals(3, report.requestBytes());
        assertEquals(2, report.responseBytes());
        Traffic.Counts counts = door.traffic.of(TunnelKey.ofHost(Door.HOST));
        assertEquals(new Traffic.Counts(0, 1, 3, 2), counts);
        assertEquals(1, door.visitorPort.visitors());
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.vertx.core.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What visitors and targets say to each other, as long as both are sound. */
class VisitorPortTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private Door door;
    private RawVisitor visitor;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        visitor = door.visitor();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void requestReachesTheTargetAndItsAnswerTheVisitor() throws Exception {
        visitor.send("GET /a?b=c HTTP/1.1\r\nHost: app.example.com:8080\r\nAccept: x\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.send("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");

        Answer answer = visitor.awaitAnswer();

        assertTrue(head.startsWith("GET /a?b=c HTTP/1.1\r\n"), head);
        assertTrue(head.contains("host: app.example.com:8080\r\n"), head);
        assertTrue(head.contains("Accept: x\r\n"), head);
        assertTrue(answer.head().startsWith("HTTP/1.1 200 Fine\r\n"), answer.head());
        assertEquals("b", answer.field("X-A"));
        assertEquals("hello", answer.body());
        assertEquals("host:app.example.com", target.request().tunnel());
        target.awaitConsumed();
    }

    @Test
    void nextRequestToTheSameTunnelGoesDownTheSameStream() throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send(OK);
        visitor.awaitAnswer();

        visitor.send(Door.get("/2"));

        assertTrue(target.awaitHead().startsWith("GET /2 "));
        target.send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @ParameterizedTest
    @CsvSource({"bob, 0", "owner, 5"})
    void streamToAFormerOwnershipOfTheNameGetsNoMoreRequests(String owner, long sinceMillis) throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget former = door.carriers.awaitStream();
        former.awaitHead();
        former.send(OK);
        visitor.awaitAnswer();
        Tunnel before = FakeRegistry.tunnel(Door.HOST);
        door.registry.know(
                new Tunnel(before.key(), owner, sinceMillis, before.kind(), before.policy(), before.claims(), 0));

        visitor.send(Door.get("/2"));

        FakeTarget next = door.carriers.awaitStream();
        assertTrue(next.awaitHead().startsWith("GET /2 "));
        next.send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
        assertEquals("", former.untaken());
    }

    @Test
    void visitorsNeverShareAStream() throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        first.send(OK);
        visitor.awaitAnswer();

        door.visitor().send(Door.get("/2"));

        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET /2 "));
        assertEquals("", first.untaken());
    }

    @Test
    void severalTunnelsOnOneConnectionEachKeepTheirStream() throws Exception {
        door.registry.know(FakeRegistry.tunnel("b.example.com"));
        visitor.send(Door.get("/a1"));
        FakeTarget a = door.carriers.awaitStream();
        a.awaitHead();
        a.send(OK);
        visitor.awaitAnswer();
        visitor.send("GET /b1 HTTP/1.1\r\nHost: b.example.com\r\n\r\n");
        FakeTarget b = door.carriers.awaitStream();
        b.awaitHead();
        b.send(OK);
        visitor.awaitAnswer();

        visitor.send(Door.get("/a2"));
        a.awaitText("GET /a2 ");
        a.send(OK);
        visitor.awaitAnswer();
        visitor.send("GET /b2 HTTP/1.1\r\nHost: b.example.com\r\n\r\n");
        b.awaitText("GET /b2 ");

        assertEquals("host:b.example.com", b.request().tunnel());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void pipelinedRequestsAreAnsweredOneAfterTheOther() throws Exception {
        visitor.send(Door.get("/1") + "POST /2 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 3\r\n\r\nabc"
                + Door.get("/3"));
        FakeTarget target = door.carriers.awaitStream();
        assertTrue(target.awaitHead().startsWith("GET /1 "));
        assertEquals("", target.untaken());

        target.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        assertTrue(target.awaitText("abc").startsWith("POST /2 "));
        target.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        assertTrue(target.awaitHead().startsWith("GET /3 "));
        target.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");

        assertEquals("1", visitor.awaitAnswer().body());
        assertEquals("2", visitor.awaitAnswer().body());
        assertEquals("3", visitor.awaitAnswer().body());
    }

    @Test
    void pipelinedRequestsAreAllAnsweredToAVisitorThatHalfCloses() throws Exception {
        visitor.send(Door.get("/1") + "GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n"
                + "GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n" + Door.get("/2"));
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send(OK);
        target.awaitText("GET /2 ");
        target.send(OK);

        assertEquals(200, visitor.awaitAnswer().status());
        assertEquals(404, visitor.awaitAnswer().status());
        assertEquals(404, visitor.awaitAnswer().status());
        assertEquals("ok", visitor.awaitAnswer().body());
        assertEquals("", visitor.awaitEnd());
    }

    @Test
    void chunkedBodiesAndTrailersPassBothWays() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n"
                + "Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nCulvert-Sum: 2\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        String body = target.awaitText("X-Sum: 1\r\n\r\n");
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Done: yes\r\n\r\n");

        Answer answer = visitor.awaitAnswer();

        assertTrue(head.contains("te: trailers\r\n"), head);
        assertTrue(head.contains("connection: te\r\n"), head);
        assertEquals("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", body);
        assertEquals("2\r\nhi\r\n0\r\nX-Done: yes\r\n\r\n", answer.body());
    }

    @Test
    void eventsReachTheVisitorOneByOne() throws Exception {
        visitor.send(Door.get("/events"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        assertEquals("chunked", new Answer(visitor.awaitText("\r\n\r\n"), "").field("transfer-encoding"));

        for (int event = 0; event < 3; event++) {
            target.send("data: " + event + "\n\n");
            assertEquals("9\r\ndata: " + event + "\n\n\r\n", visitor.read(14));
        }
        target.finish();

        assertEquals("0\r\n\r\n", visitor.read(5));
        visitor.send(Door.get("/again")); // The target's FIN ended its stream, not the visitor's connection.
        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET /again "));
    }

    @Test
    void answersWithoutABodyHaveNone() throws Exception {
        String[][] exchanges = {
            {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
            {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
            {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
            {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
        };
        FakeTarget target = null;
        for (String[] exchange : exchanges) {
            visitor.send(exchange[0] + " / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
            target = target == null ? door.carriers.awaitStream() : target;
            target.awaitHead();
            target.send(exchange[1]);
            Answer answer = visitor.awaitHeadAnswer();
            assertNull(answer.field("transfer-encoding"), answer.head());
            assertEquals(exchange[1].contains("10") ? "10" : null, answer.field("content-length"));
        }
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void interimAnswersPassToThoseWhoUnderstandThem() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        assertTrue(target.awaitHead().contains("Expect: 100-continue\r\n"));
        target.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");

        Answer hints = visitor.awaitAnswer();
        Answer goOn = visitor.awaitAnswer();
        visitor.send("abc");
        target.awaitText("abc");
        target.send(OK);

        assertEquals(103, hints.status());
        assertEquals("</a.css>", hints.field("link"));
        assertEquals(100, goOn.status());
        assertEquals("ok", visitor.awaitAnswer().body());
        visitor.send(Door.get("/2"));
        assertTrue(target.awaitHead().startsWith("GET /2 "));
    }

    @Test
    void connectionClosesWhenAnExpectationIsAnsweredFinally() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");

        Answer answer = visitor.awaitAnswer();

        assertEquals(413, answer.status());
        assertEquals("close", answer.field("connection"));
        assertEquals("", visitor.awaitEnd());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
    }

    @Test
    void oldVisitorGetsNeitherChunksNorInterimAnswers() throws Exception {
        visitor.send("GET / HTTP/1.0\r\nHost: app.example.com\r\nConnection: keep-alive\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        assertTrue(target.awaitHead().startsWith("GET / HTTP/1.1\r\n"));
        target.send("HTTP/1.1 103 Early Hints\r\n\r\n" + OK);
        Answer first = visitor.awaitAnswer();
        visitor.send("GET / HTTP/1.0\r\nHost: app.example.com\r\nConnection: keep-alive\r\n\r\n");
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        Answer second = visitor.awaitAnswer();

        assertEquals(200, first.status());
        assertEquals("keep-alive", first.field("connection"));
        assertNull(second.field("transfer-encoding"));
        assertEquals("close", second.field("connection"));
        assertEquals("hi", second.body());
    }

    @Test
    void visitorThatHalfClosesGetsItsWholeAnswer() throws Exception {
        visitor.send(Door.get("/"));
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").send("lo");

        assertEquals("hello", visitor.awaitAnswer().body());
        assertEquals("", visitor.awaitEnd());
    }

    @Test
    void targetSeesThatAVisitorLeft() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        visitor.reset();

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
    }

    @Test
    void targetSeesThatAPipeliningVisitorLeft() throws Exception {
        visitor.send(Door.get("/1") + Door.get("/2"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        visitor.reset();

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals("", target.untaken());
    }

    @Test
    void upgradedConnectionIsRawAndLosesNoByte() throws Exception {
        visitor.send("GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: keep-alive, Upgrade\r\n"
                + "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nearly");
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        assertEquals("", target.untaken());
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");

        Answer answer = visitor.awaitAnswer();
        target.awaitText("early");
        visitor.send("\u0000\u00ff raw");
        target.awaitText("\u0000\u00ff raw");
        target.send("HTTP/1.1 is not read here");

        assertTrue(head.contains("upgrade: websocket\r\n"), head);
        assertTrue(head.contains("connection: upgrade\r\n"), head);
        assertEquals(101, answer.status());
        assertEquals("websocket", answer.field("upgrade"));
        assertEquals("firstHTTP/1.1 is not read here", visitor.read(30));
        target.finish();
        assertEquals("", visitor.awaitEnd());
        visitor.finish();
        target.awaitFinish();
    }

    @Test
    void whatFollowsAnUpgradeReachesTheTargetThoughItsSenderHasFinishedBeforeTheAnswer() throws Exception {
        visitor.send("GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\n"
                + "Upgrade: websocket\r\n\r\nearly");
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");

        target.awaitFinish();

        assertEquals("early", target.untaken());
    }

    @Test
    void optionsOfAHostInAbsoluteFormAreThoseOfTheWholeServer() throws Exception {
        visitor.send("OPTIONS http://app.example.com HTTP/1.1\r\nHost: app.example.com\r\n\r\n");

        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("OPTIONS * HTTP/1.1\r\n"));
    }

    @Test
    void refusedUpgradeIsAnOrdinaryAnswer() throws Exception {
        visitor.send("GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                + Door.get("/next"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");

        assertEquals(426, visitor.awaitAnswer().status());
        assertTrue(target.awaitHead().startsWith("GET /next "));
        target.send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
    }

    @Test
    void slowVisitorStopsTheTarget() throws Exception {
        visitor.send(Door.get("/big"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        String piece = "x".repeat(64 * 1024);
        int pieces = 400;
        target.send("HTTP/1.1 200 OK\r\nContent-Length: " + (long) pieces * piece.length() + "\r\n\r\n");
        for (int sent = 0; sent < pieces; sent++) {
            target.send(piece);
        }
        visitor.awaitText("\r\n\r\n"); // All that was sent has been looked at; the socket is full.
        assertTrue(target.held() > 0, "25 MiB were taken for a visitor that does not read");

        assertEquals(
                (long) pieces * piece.length(),
                visitor.read(pieces * piece.length()).length());
        target.awaitConsumed();
    }

    @Test
    void slowTargetStopsTheVisitor() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 26214400\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.takesMore(false);
        String mebibyte = "x".repeat(1024 * 1024);
        Thread sender = new Thread(() -> {
            try {
                for (int sent = 0; sent < 25; sent++) {
                    visitor.send(mebibyte);
                }
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        sender.start();

        sender.join(500); // Nothing happens; that is what is looked for.
        assertTrue(sender.isAlive(), "25 MiB were taken for a target that does not read");
        assertTrue(target.delivered() < 1024 * 1024, "delivered " + target.delivered());
        target.takesMore(true);

        sender.join(5000);
        assertFalse(sender.isAlive());
    }

    @Test
    void finishedExchangeIsReportedAndCounted() throws Exception {
        visitor.send("POST /a?b HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 3\r\n\r\nabc");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");
        target.send(OK);
        visitor.awaitAnswer();

        Exchange exchange = target.awaitReport();

        assertEquals("POST", exchange.method());
        assertEquals("/a?b", exchange.path());
        assertEquals(200, exchange.status());
        assertEquals(3, exchange.requestBytes());
        assertEquals(2, exchange.responseBytes());
        assertEquals("host:app.example.com", exchange.tunnel());
        assertEquals(target.request().visitor(), exchange.visitor());
        assertEquals(new Traffic.Counts(0, 1, 3, 2), door.traffic.of(TunnelKey.ofHost(Door.HOST)));
    }

    @Test
    void answerBeforeTheEndOfTheRequestLetsTheRestFollow() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 6\r\n\r\nabc");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");
        target.send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());

        visitor.send("def" + Door.get("/2"));

        target.awaitText("def");
        assertTrue(target.awaitHead().startsWith("GET /2 "));
    }

    @Test
    void drainFinishesWhatIsUnderWayAndKeepsNothing() throws Exception {
        RawVisitor idle = door.visitor();
        idle.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");
        idle.awaitAnswer();
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        Future<Void> drained = door.visitorPort.drain();

        assertEquals("", idle.awaitEnd());
        target.send(OK);
        Answer last = visitor.awaitAnswer();
        assertEquals("ok", last.body());
        assertEquals("close", last.field("connection"));
        assertEquals("", visitor.awaitEnd());
        idle.close();
        visitor.close();
        drained.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
        assertEquals(0, door.visitorPort.visitors());
    }

    @Test
    void streamThatTheVisitorDoesNotUseIsEndedWithItsConnection() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send(OK);
        visitor.awaitAnswer();

        visitor.close();

        target.awaitFinish();
    }

    @Test
    void targetThatAnswersAndClosesSeesAnEndAndNoReset() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        target.send("HTTP/1.0 200 OK\r\n\r\nwhole");
        target.finish();

        assertTrue(visitor.awaitAnswer().body().contains("whole"));
        target.awaitFinish();
        assertFalse(target.wasReset());
    }

    @Test
    void seventeenTunnelsOnOneConnectionEndTheStreamThatWaitedLongest() throws Exception {
        FakeTarget oldest = null;
        for (int number = 1; number <= 17; number++) {
            String host = "t" + number + ".example.com";
            door.registry.know(FakeRegistry.tunnel(host));
            visitor.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            FakeTarget target = door.carriers.awaitStream();
            oldest = oldest == null ? target : oldest;
            target.awaitHead();
            target.send(OK);
            visitor.awaitAnswer();
        }

        oldest.awaitFinish();
    }

    @Test
    void rawModeKeepsAResetFromLookingLikeAnEnd() throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        visitor.awaitAnswer();
        assertEquals(101, target.awaitReport().status());

        target.reset(CloseReason.TARGET_FAILED, -1, "");

        visitor.awaitReset();
    }

    @Test
    void halfClosedBeforeTheUpgradeReachesTheTargetAsAFinish() throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nall");
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nmine");
        target.finish();

        target.awaitText("all");
        target.awaitFinish();
        visitor.awaitAnswer();
        assertEquals("mine", visitor.awaitEnd());
    }

    @Test
    void truncatedBodyIsNoRequest() throws Exception {
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 10\r\n\r\nabc");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");

        visitor.finish();

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals("", visitor.awaitEnd());
    }
}

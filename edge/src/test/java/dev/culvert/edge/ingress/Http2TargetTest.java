package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.END_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.INITIAL_WINDOW_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.PlayedHttp2Target;
import dev.culvert.edge.testkit.PlayedHttp2Target.Request;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.wire.StreamRequest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What targets that speak HTTP/2 and visitors of either HTTP say to each other. */
class Http2TargetTest {
    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.registry.know(FakeRegistry.http2Tunnel(Door.HOST));
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private PlayedHttp2Target awaitTarget(int... settings) throws Exception {
        return PlayedHttp2Target.on(door.carriers.awaitStream(), settings);
    }

    @Test
    void requestOfHttp1ReachesTheTargetAsHttp2AndItsAnswerTheVisitor() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(
                "POST /a?b=c HTTP/1.1\r\nHost: app.example.com\r\nX-Ab: cd\r\nTE: trailers\r\nConnection: TE, X-Hop\r\n"
                        + "X-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-End: 1\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();

        Request request = target.awaitRequest();
        String body = new String(target.awaitData().payload())
                + new String(target.awaitData().payload());
        Map<String, String> trailers = target.awaitTrailers();
        target.head(request.stream(), ":status: 201", "content-length: 5", "x-a: b")
                .data(request.stream(), "hello", true);
        RawVisitor.Answer answer = visitor.awaitAnswer();

        assertEquals(StreamRequest.Kind.HTTP2, target.stream().request().kind());
        assertEquals("POST", request.fields().get(":method"));
        assertEquals("http", request.fields().get(":scheme"));
        assertEquals("app.example.com", request.fields().get(":authority"));
        assertEquals("/a?b=c", request.fields().get(":path"));
        assertEquals("cd", request.fields().get("x-ab"));
        assertEquals("trailers", request.fields().get("te"));
        assertEquals("127.0.0.1", request.fields().get("x-forwarded-for"));
        for (String ofHttp1 : new String[] {"host", "connection", "transfer-encoding", "x-hop"}) {
            assertFalse(request.fields().containsKey(ofHttp1), () -> request.fields()
                    .toString());
        }
        assertEquals("onetwo", body);
        assertEquals(Map.of("x-end", "1"), trailers);
        assertEquals(201, answer.status(), answer::head);
        assertEquals("b", answer.field("X-A"));
        assertEquals("hello", answer.body());
        target.stream().awaitConsumed();
    }

    @Test
    void requestWithoutABodyEndsWithItsHead() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();

        Request request = target.awaitRequest();

        assertTrue(request.whole());
        target.head(request.stream(), ":status: 200").data(request.stream(), "x", true);
        RawVisitor.Answer answer = visitor.awaitAnswer();
        assertEquals("chunked", answer.field("Transfer-Encoding"));
        assertEquals("1\r\nx\r\n0\r\n\r\n", answer.body());
    }

    @Test
    void upgradeIsNotAskedOfTheTarget() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();

        Request request = target.awaitRequest();

        assertFalse(
                request.fields().containsKey("upgrade"), () -> request.fields().toString());
        target.lastHead(request.stream(), ":status: 204");
        assertEquals(204, visitor.awaitAnswer().status());
    }

    @Test
    void answerThatIsItsHeadAloneEndsWithItForAVisitorOfHttp2() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/svc/m", "te: trailers", "content-type: application/grpc"));
        visitor.data(stream, "message", true);
        PlayedHttp2Target target = awaitTarget();
        Request request = target.awaitRequest();
        assertEquals("trailers", request.fields().get("te"));

        target.lastHead(request.stream(), ":status: 200", "grpc-status: 12");
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        // Where the status comes in a head, gRPC takes the answer for whole only if the stream ends with it.
        assertEquals("12", answer.field("grpc-status"));
        assertEquals(Map.of(), answer.trailers());
        assertTrue(visitor.lastHeadEndedItsStream());
    }

    @Test
    void trailersFollowTheBody() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.request(get(Door.HOST, "/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.head(asked, ":status: 200").data(asked, "body", false).lastHead(asked, "grpc-status: 0");
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals("body", answer.body());
        assertEquals(Map.of("grpc-status", "0"), answer.trailers());
    }

    @Test
    void bothDirectionsGoOnAtOnce() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/chat"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();
        target.head(asked, ":status: 200");

        for (int message = 1; message <= 3; message++) {
            visitor.data(stream, "ask" + message, false);
            assertEquals("ask" + message, new String(target.awaitData().payload()));
            target.data(asked, "say" + message, false);
            visitor.awaitBody(stream, 4 * message);
        }
        visitor.data(stream, "", true);
        assertTrue(target.awaitData().has(END_STREAM));
        target.lastHead(asked, "grpc-status: 0");

        assertEquals("say1say2say3", visitor.await(stream).body());
    }

    @Test
    void nextRequestGoesDownTheSameConnection() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();
        int first = target.awaitRequest().stream();
        target.head(first, ":status: 200", "content-length: 1").data(first, "1", true);
        assertEquals("1", visitor.awaitAnswer().body());
        target.ping().awaitPong(); // Also where nobody asks anything.

        visitor.send(Door.get("/2"));
        Request second = target.awaitRequest();
        target.head(second.stream(), ":status: 200", "content-length: 1").data(second.stream(), "2", true);

        assertEquals("/2", second.fields().get(":path"));
        assertEquals("2", visitor.awaitAnswer().body());
        assertEquals(0, door.carriers.unseenStreams());
        visitor.close();
        target.awaitGoAway();
        target.stream().awaitFinish();
    }

    @Test
    void visitorWhoTakesNothingStopsTheTargetByItsWindowAlone() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.request(get(Door.HOST, "/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();
        target.head(asked, ":status: 200");
        String piece = "x".repeat(15_000);
        int sent = 0;
        while (sent + piece.length() <= Http2Limits.WINDOW_BYTES + target.granted()) {
            target.data(asked, piece, false).ping().awaitPong(); // Pings are heard all the while.
            sent += piece.length();
            assertTrue(sent < 4 * Http2Limits.WAITING_BYTES, "it goes on and on");
        }

        // What the visitor has not taken is not said to be consumed, either: it counts in the stream's own window.
        assertTrue(
                target.stream().held() > piece.length(),
                "held: " + target.stream().held());
        target.data(asked, "", true);
        visitor.grant(0, sent);
        visitor.grant(stream, sent);
        assertEquals(sent, visitor.await(stream).body().length());
        target.stream().awaitConsumed();
    }

    @Test
    void uploadWaitsForTheTargetsWindow() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        target.lastHead(target.awaitRequest().stream(), ":status: 200");
        assertEquals(200, visitor.awaitAnswer().status());

        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 20\r\n\r\n" + "y".repeat(20));
        Request next = target.awaitRequest();
        assertEquals("20", next.fields().get("content-length"));
        int first = target.awaitData().payload().length;
        target.ping().awaitPong(); // No more came before.
        target.grant(next.stream(), 10);
        int second = target.awaitData().payload().length;
        target.lastHead(next.stream(), ":status: 200");

        assertEquals(10, first);
        assertEquals(10, second);
        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void endOfARequestNeedsNoWindow() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.ping().awaitPong(); // Its settings are read.
        visitor.data(stream, "y".repeat(20), false);
        assertEquals(10, target.awaitData().payload().length);
        visitor.trailers(stream, "x-end: 1");
        visitor.sync();

        target.grant(asked, 10);

        assertEquals(10, target.awaitData().payload().length);
        assertEquals(Map.of("x-end", "1"), target.awaitTrailers());
    }

    @Test
    void uploadGoesOnWhenTheStreamTakesMoreThoughAPingWasAnsweredBefore() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget();
        target.awaitRequest();
        target.stream().takesMore(false);
        visitor.data(stream, "one", false);
        assertEquals("one", new String(target.awaitData().payload()));
        visitor.data(stream, "two", true);
        visitor.sync();

        target.pingBeforeRoom().awaitPong();

        assertEquals("two", new String(target.awaitData().payload()));
    }

    @Test
    void interimAnswersPass() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.request(get(Door.HOST, "/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.head(asked, ":status: 103", "link: </a>").lastHead(asked, ":status: 200");

        assertEquals(List.of(103), visitor.await(stream).interim());
    }

    @Test
    void lengthOfWhatHeadIsAboutStays() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send("HEAD / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();

        target.lastHead(target.awaitRequest().stream(), ":status: 200", "content-length: 12345");

        assertEquals("12345", visitor.awaitHeadAnswer().field("Content-Length"));
    }
}

package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.END_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.HEADER_TABLE_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.INITIAL_WINDOW_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.MAX_CONCURRENT_STREAMS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.PUSH_PROMISE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.SETTINGS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.PlayedHttp2Target;
import dev.culvert.edge.testkit.PlayedHttp2Target.Request;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What targets that speak HTTP/2 and visitors of either HTTP say to each other. */
class Http2TargetTest {
    private static final int NO_ERROR = 0;
    private static final int INTERNAL_ERROR = 2;
    private static final int REFUSED_STREAM = 7;

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
    void connectionThatTheTargetClosesIsNotUsedAgain() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();
        int first = target.awaitRequest().stream();
        target.head(first, ":status: 200", "content-length: 1").data(first, "1", true);
        assertEquals("1", visitor.awaitAnswer().body());

        target.goAway(first);
        assertEquals(CloseReason.CANCELLED, target.stream().awaitReset());
        visitor.send(Door.get("/2"));
        PlayedHttp2Target next = awaitTarget();
        int second = next.awaitRequest().stream();
        next.head(second, ":status: 200", "content-length: 1").data(second, "2", true);

        assertEquals("2", visitor.awaitAnswer().body());
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
    void requestThatTheTargetRefusesIsTriedElsewhere() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target refusing = awaitTarget();

        refusing.reset(refusing.awaitRequest().stream(), REFUSED_STREAM);
        PlayedHttp2Target other = awaitTarget();
        int asked = other.awaitRequest().stream();

        assertEquals("ab", new String(other.awaitData().payload()));
        other.lastHead(asked, ":status: 200");
        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void whoseRequestIsRefusedByTheOnlyTargetMayComeAgain() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target refusing = awaitTarget();

        refusing.reset(refusing.awaitRequest().stream(), REFUSED_STREAM);
        RawVisitor.Answer answer = visitor.awaitAnswer();

        assertEquals(503, answer.status());
        assertEquals("overloaded", answer.field("Culvert-Error"));
        assertNotEquals(null, answer.field("Retry-After"));
    }

    @Test
    void requestThatCrossedAGoAwayIsTriedElsewhere() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target leaving = awaitTarget();
        leaving.awaitRequest();

        leaving.goAway(0);
        PlayedHttp2Target other = awaitTarget();
        other.lastHead(other.awaitRequest().stream(), ":status: 200");

        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void answerGoesOnBehindAGoAwayThatServesIt() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.goAway(asked).head(asked, ":status: 200", "content-length: 5").data(asked, "whole", true);

        assertEquals("whole", visitor.awaitAnswer().body());
    }

    @Test
    void requestThatTheTargetResetsIsNotTriedAgain() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target target = awaitTarget();

        target.reset(target.awaitRequest().stream(), INTERNAL_ERROR);

        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void answerThatBreaksOffDoesNotLookWhole() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.request(get(Door.HOST, "/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();
        target.head(asked, ":status: 200").data(asked, "half", false);
        visitor.awaitBody(stream, 4);

        target.stream().finish();

        assertEquals(INTERNAL_ERROR, visitor.await(stream).reset());
    }

    @Test
    void targetThatAnswersEarlyNeedNotTakeTheRest() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        visitor.data(stream, "begin", false);
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.lastHead(asked, ":status: 413").reset(asked, NO_ERROR);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(413, answer.status());
    }

    @Test
    void targetThatAnswersEarlyGetsTheRestAllTheSame() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.lastHead(asked, ":status: 202").ping().awaitPong();

        visitor.data(stream, "y".repeat(20), true);
        assertEquals(10, target.awaitData().payload().length);
        assertEquals(202, visitor.await(stream).status());
        target.grant(asked, 10);

        assertTrue(target.awaitData().has(END_STREAM));
        target.awaitGoAway();
        target.stream().awaitFinish();
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
    void interimAnswersDoNotPileUpBeforeAVisitorWhoReadsNothing() throws Exception {
        int many = 20_000; // Of a KiB each: more than sockets hold.
        String body = "x".repeat(2_000); // More than one of them.
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        for (int sent = 0; sent < many; sent++) {
            target.head(asked, ":status: 103", "link: <" + "x".repeat(1000) + ">");
        }
        target.head(asked, ":status: 200", "content-length: 2000").data(asked, body, true);
        target.ping().awaitPong(); // All of it was heard.

        int each = visitor.awaitText("\r\n\r\n").length();
        int read = 1;
        while (visitor.read(each).startsWith("HTTP/1.1 103 ")) {
            read++;
        }
        assertTrue(read < many, read + " of " + many);
    }

    @Test
    void lengthOfWhatHeadIsAboutStays() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send("HEAD / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();

        target.lastHead(target.awaitRequest().stream(), ":status: 200", "content-length: 12345");

        assertEquals("12345", visitor.awaitHeadAnswer().field("Content-Length"));
    }

    static Stream<Arguments> nonsense() {
        return Stream.of(
                Arguments.of(
                        "a status of two digits", answer((target, stream) -> target.lastHead(stream, ":status: 99"))),
                Arguments.of("a status below 100", answer((target, stream) -> target.lastHead(stream, ":status: 099"))),
                Arguments.of("a status in words", answer((target, stream) -> target.lastHead(stream, ":status: abc"))),
                Arguments.of("no status", answer((target, stream) -> target.lastHead(stream, "x-a: b"))),
                Arguments.of("a change of protocol", answer((target, stream) -> target.head(stream, ":status: 101"))),
                Arguments.of(
                        "an interim answer that is the last",
                        answer((target, stream) -> target.lastHead(stream, ":status: 103"))),
                Arguments.of(
                        "a field of one connection",
                        answer((target, stream) -> target.lastHead(stream, ":status: 200", "connection: close"))),
                Arguments.of(
                        "a line end in a field",
                        answer((target, stream) -> target.lastHead(stream, ":status: 200", "x-a: b\r\nx-c: d"))),
                Arguments.of(
                        "257 fields",
                        answer((target, stream) -> target.lastHead(
                                stream,
                                Stream.concat(
                                                Stream.of(":status: 200"),
                                                Stream.generate(() -> "a: ").limit(FieldRoom.MOST + 1))
                                        .toArray(String[]::new)))),
                Arguments.of(
                        "a head of 80 KiB",
                        answer((target, stream) -> target.lastHead(
                                stream,
                                Stream.concat(
                                                Stream.of(":status: 200"),
                                                Stream.generate(() -> "a: " + "b".repeat(1300))
                                                        .limit(60))
                                        .toArray(String[]::new)))),
                Arguments.of("a body without a head", answer((target, stream) -> target.data(stream, "x", true))),
                Arguments.of(
                        "a push",
                        answer((target, stream) -> target.frame(PUSH_PROMISE, 4, stream, new byte[] {0, 0, 0, 2}))),
                Arguments.of(
                        "a frame of 1 MiB", answer((target, stream) -> target.frame(0, 0, stream, new byte[1 << 20]))),
                Arguments.of("no HTTP/2", answer((target, stream) -> target.stream()
                        .send("HTTP/1.1 400 Bad Request\r\n\r\n"))));
    }

    private static BiConsumer<PlayedHttp2Target, Integer> answer(BiConsumer<PlayedHttp2Target, Integer> answer) {
        return answer;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nonsense")
    void nonsenseIsAnsweredInTheEdgesOwnWords(String name, BiConsumer<PlayedHttp2Target, Integer> answer)
            throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();

        answer.accept(target, target.awaitRequest().stream());

        assertEquals(502, visitor.awaitAnswer().status());
        assertNotEquals(null, target.stream().awaitReset());
    }

    @Test
    void targetThatSpeaksHttp1IsToldApart() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("SM\r\n\r\n");

        target.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        RawVisitor.Answer answer = visitor.awaitAnswer();

        assertEquals(502, answer.status());
        assertTrue(answer.body().contains("no HTTP/2"), answer::body);
    }

    @Test
    void targetThatAsksForAnswersAndTakesNoneIsGivenUp() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();
        target.awaitRequest();
        target.stream().takesMore(false);

        for (int ping = 0; ping <= Http2Limits.UNTAKEN_CONTROL_FRAMES; ping++) {
            target.ping();
        }

        target.stream().awaitReset();
        assertEquals(502, visitor.awaitAnswer().status());
    }

    static Stream<Arguments> emptyBodies() {
        return Stream.of(
                Arguments.of(
                        "with the head",
                        answer((target, stream) -> target.lastHead(stream, ":status: 200", "content-length: 5"))),
                Arguments.of("behind the head", answer((target, stream) -> target.head(
                                stream, ":status: 200", "content-length: 5")
                        .data(stream, "", true))),
                Arguments.of("with trailers", answer((target, stream) -> target.head(
                                stream, ":status: 200", "content-length: 5")
                        .lastHead(stream, "x-a: b"))));
    }

    /** Netty lets it pass, because of HEAD; the visitor would read the next answer as this one's body. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emptyBodies")
    void bodyThatWasToldOfAndDoesNotComeDoesNotLookWhole(String name, BiConsumer<PlayedHttp2Target, Integer> answer)
            throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();

        answer.accept(target, target.awaitRequest().stream());

        target.stream().awaitReset();
        String seen = visitor.awaitEnd();
        boolean cut = seen.contains("content-length: 5\r\n") && seen.endsWith("\r\n\r\n");
        assertTrue(seen.startsWith("HTTP/1.1 502") || cut, seen);
    }

    static Stream<Arguments> bodiesOfNobody() {
        return Stream.of(
                Arguments.of("HEAD", ":status: 200"),
                Arguments.of("GET", ":status: 204"),
                Arguments.of("GET", ":status: 304"));
    }

    @ParameterizedTest
    @MethodSource("bodiesOfNobody")
    void bodyWhereThereIsNoneIsNotTakenForTheNextAnswer(String method, String status) throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(method + " / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        PlayedHttp2Target target = awaitTarget();
        int first = target.awaitRequest().stream();
        target.head(first, status).data(first, "HTTP/1.1 200 OK\r\n", true);
        visitor.awaitHeadAnswer();

        visitor.send(Door.get("/2"));
        Request second = target.awaitRequest();
        target.head(second.stream(), ":status: 201", "content-length: 1").data(second.stream(), "2", true);
        RawVisitor.Answer answer = visitor.awaitAnswer();

        assertEquals(201, answer.status());
        assertEquals("2", answer.body());
    }

    @Test
    void targetThatOpensStreamsOfItsOwnIsGivenUp() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = PlayedHttp2Target.on(door.carriers.awaitStream());

        target.head(2, ":status: 200");

        target.stream().awaitReset();
        assertEquals(502, visitor.awaitAnswer().status());
    }

    @Test
    void targetThatChangesItsSettingsAllTheTimeIsGivenUp() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();

        for (int change = 0; change <= Http2Limits.SETTINGS; change++) {
            target.frame(SETTINGS, 0, 0, new byte[] {0, HEADER_TABLE_SIZE, 0, 0, 0, (byte) (change % 2)});
        }

        target.stream().awaitReset();
        assertEquals(502, visitor.awaitAnswer().status());
    }

    @Test
    void requestGoesElsewhereWhenTheTargetTakesNoMoreOfThem() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();
        target.lastHead(target.awaitRequest().stream(), ":status: 204");
        assertEquals(204, visitor.awaitAnswer().status());
        target.frame(SETTINGS, 0, 0, new byte[] {0, MAX_CONCURRENT_STREAMS, 0, 0, 0, 0})
                .ping()
                .awaitPong();

        visitor.send("POST /2 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target next = awaitTarget();
        next.lastHead(next.awaitRequest().stream(), ":status: 200");

        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void requestsInARowSuitATargetThatTakesOneAtATime() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1") + Door.get("/2"));
        PlayedHttp2Target target = awaitTarget(MAX_CONCURRENT_STREAMS, 1);
        target.lastHead(target.awaitRequest().stream(), ":status: 201");
        assertEquals(201, visitor.awaitAnswer().status());

        PlayedHttp2Target next = awaitTarget();
        next.lastHead(next.awaitRequest().stream(), ":status: 202");

        assertEquals(202, visitor.awaitAnswer().status());
    }

    /** Answers with more than a visitor who takes nothing is sent, so that its end has to wait. */
    private static int answerAndWait(PlayedHttp2Target target, int asked, String... head) throws Exception {
        String piece = "x".repeat(15_000);
        target.head(asked, head);
        for (int sent = 0; sent < 4; sent++) {
            target.data(asked, piece, false);
        }
        target.awaitGranted(30_000);
        target.data(asked, piece, false).data(asked, piece, true);
        return 6 * piece.length();
    }

    @Test
    void answerThatWaitsForItsVisitorOutlivesAResetThatSaysToSendNoMore() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.ping().awaitPong(); // Its settings are read.
        visitor.data(stream, "y".repeat(20), false);
        assertEquals(10, target.awaitData().payload().length);

        int size = answerAndWait(target, asked, ":status: 413");
        target.reset(asked, NO_ERROR).ping().awaitPong();
        visitor.grant(0, size);
        visitor.grant(stream, size);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(413, answer.status());
        assertEquals(size, answer.body().length());
        target.stream().awaitReset();
    }

    @Test
    void requestEndsWithItsAnswerWhereTheTargetHasClosedBehindIt() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        int size = answerAndWait(target, asked, ":status: 413");
        target.ping().awaitPong();
        target.stream().finish();
        visitor.grant(0, size);
        visitor.grant(stream, size);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(size, answer.body().length());
        target.stream().awaitReset();
    }

    @Test
    void targetThatTakesNoMoreDoesNotHoldUpTheRestOfTheRequest() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.ping().awaitPong(); // Its settings are read.
        visitor.data(stream, "y".repeat(10), false);
        visitor.data(stream, "y".repeat(10), false);
        target.awaitData();
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.sync();

        answerAndWait(target, asked, ":status: 413");
        target.reset(asked, NO_ERROR).ping().awaitPong();
        visitor.sync();

        assertTrue(visitor.granted(stream) >= 30_000, "granted: " + visitor.granted(stream));
    }
}

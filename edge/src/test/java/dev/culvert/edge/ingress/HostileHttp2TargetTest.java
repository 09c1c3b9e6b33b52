package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.HEADER_TABLE_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.PUSH_PROMISE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.SETTINGS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.PlayedHttp2Target;
import dev.culvert.edge.testkit.PlayedHttp2Target.Request;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers by HTTP/2 that are not what they should be, and targets that do what none should. */
class HostileHttp2TargetTest {
    private static final int INTERNAL_ERROR = 2;

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
}

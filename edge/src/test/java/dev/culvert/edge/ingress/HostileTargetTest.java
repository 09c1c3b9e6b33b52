package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are not what they should be, and targets that break off. */
class HostileTargetTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private Door door;
    private RawVisitor visitor;
    private FakeTarget target;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        visitor = door.visitor();
        visitor.send(Door.get("/1"));
        target = door.carriers.awaitStream();
        target.awaitHead();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    static Stream<Arguments> nonsense() {
        return Stream.of(
                Arguments.of("no HTTP", "220 smtp.example.com ESMTP\r\n\r\n"),
                Arguments.of(
                        "length beside chunks",
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
                Arguments.of("another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of("a head of 1 MiB", "HTTP/1.1 200 OK\r\n" + "X-A: bcdefghij\r\n".repeat(65536) + "\r\n"),
                Arguments.of("257 fields", "HTTP/1.1 200 OK\r\n" + "a:\r\n".repeat(FieldRoom.MOST + 1) + "\r\n"),
                Arguments.of("NUL in a field", "HTTP/1.1 200 OK\r\nX-A: b\u0000c\r\n\r\n"),
                Arguments.of("a status of one digit", "HTTP/1.1 0 Foo\r\nContent-Length: 0\r\n\r\n"),
                Arguments.of("a status below 100", "HTTP/1.1 99 Foo\r\nContent-Length: 0\r\n\r\n"),
                Arguments.of("a status of four digits", "HTTP/1.1 1000 Foo\r\nContent-Length: 0\r\n\r\n"),
                Arguments.of("an escape in the phrase", "HTTP/1.1 200 O\u001b[2JK\r\nContent-Length: 0\r\n\r\n"),
                Arguments.of("bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
                Arguments.of(
                        "an unasked 101",
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nonsense")
    void nonsenseIsA502AndTheVisitorMayGoOn(String name, String answer) throws Exception {
        target.send(answer);

        Answer seen = visitor.awaitAnswer();

        assertEquals(502, seen.status());
        assertEquals("bad_answer", seen.field("culvert-error"));
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals(502, target.awaitReport().status());
        visitor.send(Door.get("/2"));
        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET /2 "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "h2c", "websocket, x"})
    void protocolThatWasNotAskedForIsNotChangedTo(String protocol) throws Exception {
        RawVisitor other = door.visitor();
        other.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\n"
                + "Upgrade: WebSocket, h2c\r\n\r\n");
        FakeTarget asked = door.carriers.awaitStream();
        asked.awaitHead();

        asked.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n\r\nraw");

        assertEquals(502, other.awaitAnswer().status());
        assertEquals(CloseReason.CANCELLED, asked.awaitReset());
    }

    @ParameterizedTest
    @ValueSource(strings = {OK + OK, OK + "more", OK + "HTTP/1.1 101 Switching Protocols\r\n\r\n"})
    void whatComesBehindAnAnswerReachesNobody(String answers) throws Exception {
        target.send(answers);

        assertEquals("ok", visitor.awaitAnswer().body());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        visitor.send(Door.get("/2"));
        FakeTarget second = door.carriers.awaitStream();
        second.awaitHead();
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        assertEquals("new", visitor.awaitAnswer().body());
    }

    @Test
    void whatComesWhileNobodyAskedEndsTheStream() throws Exception {
        target.send(OK);
        visitor.awaitAnswer();
        target.awaitReport();

        target.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        visitor.send(Door.get("/2"));
        FakeTarget second = door.carriers.awaitStream();
        second.awaitHead();
        second.send(OK);
        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void answerShorterThanItsLengthIsCutOff() throws Exception {
        target.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
        target.finish();

        assertTrue(visitor.awaitText("\r\n\r\n").contains("10"));
        assertEquals("short", visitor.awaitEnd());
        Exchange report = target.awaitReport();
        assertEquals(200, report.status());
        assertEquals(5, report.responseBytes());
    }

    @Test
    void chunkedAnswerThatBreaksOffHasNoLastChunk() throws Exception {
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        visitor.awaitText("abc\r\n");
        target.reset(CloseReason.TARGET_FAILED, 0, "");

        assertEquals("", visitor.awaitEnd());
        assertEquals(3, target.awaitReport().responseBytes());
    }

    @Test
    void brokenChunkInAnAnswerCutsItOff() throws Exception {
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        visitor.awaitText("abc\r\n");
        target.send("zz\r\n");

        assertEquals("", visitor.awaitEnd());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals(200, target.awaitReport().status());
    }

    @Test
    void bodyThatOnlyTheEndDelimitsEndsInAResetWhenItBreaksOff() throws Exception {
        RawVisitor old = door.visitor();
        old.send("GET / HTTP/1.0\r\nHost: app.example.com\r\n\r\n");
        FakeTarget its = door.carriers.awaitStream();
        its.awaitHead();
        its.send("HTTP/1.1 200 OK\r\n\r\nabc");
        old.awaitText("abc");

        its.reset(CloseReason.LANE_LOST, -1, "");

        old.awaitReset();
    }

    @Test
    void answersOfTheTargetsOwnInTheEdgesNameAreDropped() throws Exception {
        target.send("HTTP/1.1 200 OK\r\nCulvert-Error: forged\r\nKeep-Alive: timeout=5\r\nConnection: X-Hop\r\n"
                + "X-Hop: 1\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n");

        Answer answer = visitor.awaitAnswer();

        assertEquals(null, answer.field("culvert-error"));
        assertEquals(null, answer.field("keep-alive"));
        assertEquals(null, answer.field("x-hop"));
        assertEquals(null, answer.field("connection"));
        assertEquals("2", answer.field("x-kept"));
    }

    @Test
    void targetThatClosesIsNotAskedAgain() throws Exception {
        target.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assertEquals("ok", visitor.awaitAnswer().body());

        visitor.send(Door.get("/2"));

        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET /2 "));
    }
}

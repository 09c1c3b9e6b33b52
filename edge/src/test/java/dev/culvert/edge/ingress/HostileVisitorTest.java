package dev.culvert.edge.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.wire.CloseReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that are not what they should be: what the visitor gets, and what of it the target sees. */
class HostileVisitorTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String HOST = "Host: app.example.com\r\n";
    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\n" + HOST + "\r\n";

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    /** Whether the connection goes on. */
    enum Connection {
        KEPT,
        CLOSED
    }

    /** What the target got. */
    enum Target {
        ONE_REQUEST,
        NOTHING
    }

    record Case(String name, String input, int status, Connection connection, Target target) {
        @Override
        public String toString() {
            return "%s → %d, %s, target gets %s".formatted(name, status, connection, target);
        }
    }

    static Stream<Case> requests() {
        return Stream.of(
                // Two opinions on where the request ends.
                refused(
                        "length beside chunks",
                        400,
                        post("Content-Length: 3", "Transfer-Encoding: chunked") + "0\r\n\r\n"),
                refused(
                        "chunks beside length",
                        400,
                        post("Transfer-Encoding: chunked", "Content-Length: 3") + "0\r\n\r\n"),
                refused("two lengths", 400, post("Content-Length: 3", "Content-Length: 4") + "abcd"),
                refused("the same length twice", 400, post("Content-Length: 3", "Content-Length: 3") + "abc"),
                refused("a list of lengths", 400, post("Content-Length: 3, 3") + "abc"),
                refused("a signed length", 400, post("Content-Length: +3") + "abc"),
                refused("a negative length", 400, post("Content-Length: -3") + "abc"),
                refused("a length in hex", 400, post("Content-Length: 0x3") + "abc"),
                refused("a huge length", 400, post("Content-Length: 99999999999999999999") + "abc"),
                refused("a coding that hides chunks", 400, post("Transfer-Encoding: xchunked") + SMUGGLED),
                refused("chunked but not last", 400, post("Transfer-Encoding: chunked, gzip") + SMUGGLED),
                refused("another coding before chunked", 400, post("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n"),
                refused(
                        "two codings",
                        400,
                        post("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + SMUGGLED),
                refused(
                        "chunks in HTTP/1.0",
                        400,
                        "POST / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                refused(
                        "an old WebSocket's hidden body",
                        400,
                        "GET / HTTP/1.1\r\n" + HOST + "Sec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b\r\n\r\nGET /sm "
                                + SMUGGLED),
                // Lines that are read in two ways.
                refused("bare LF", 400, "GET / HTTP/1.1\nHost: app.example.com\n\n"),
                refused("bare LF in the fields", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A: b\nX-C: d\r\n\r\n"),
                refused("bare CR in a field", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A: b\rX-C: d\r\n\r\n"),
                refused("obsolete folding", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A: b\r\n c\r\n\r\n"),
                refused("folding by tab", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A: b\r\n\tc\r\n\r\n"),
                refused("folded first field", 400, "GET / HTTP/1.1\r\n Host: app.example.com\r\n\r\n"),
                refused("space before the colon", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A : b\r\n\r\n"),
                refused("a field without a name", 400, "GET / HTTP/1.1\r\n" + HOST + ": b\r\n\r\n"),
                refused("a field without a colon", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A\r\n\r\n"),
                refused("NUL in a field", 400, "GET / HTTP/1.1\r\n" + HOST + "X-A: b\u0000c\r\n\r\n"),
                refused("a tab in the first line", 400, "GET\t/ HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("two spaces in the first line", 400, "GET  / HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("a space in the path", 400, "GET /a b HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("HTTP/0.9", 400, "GET /\r\n\r\n"),
                refused("HTTP/1.2", 400, "GET / HTTP/1.2\r\n" + HOST + "\r\n"),
                refused("a method of signs", 400, "G@T / HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("CONNECT", 400, "CONNECT app.example.com:443 HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("no HTTP at all", 400, "\u0005\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\r\n\r\n"),
                // Whom it is for.
                refused("two Hosts", 400, "GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n"),
                refused("two different Hosts", 400, "GET / HTTP/1.1\r\n" + HOST + "Host: b.example.com\r\n\r\n"),
                refused("two Hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\n" + HOST + HOST + "\r\n"),
                refused("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
                refused("an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
                refused("a list in Host", 400, "GET / HTTP/1.1\r\nHost: app.example.com, b.example.com\r\n\r\n"),
                refused("a user in Host", 400, "GET / HTTP/1.1\r\nHost: me@app.example.com\r\n\r\n"),
                refused("a port of letters", 400, "GET / HTTP/1.1\r\nHost: app.example.com:http\r\n\r\n"),
                refused("a port too large", 400, "GET / HTTP/1.1\r\nHost: app.example.com:65536\r\n\r\n"),
                refused("letters beyond ASCII in Host", 400, "GET / HTTP/1.1\r\nHost: \u00e4pp.example.com\r\n\r\n"),
                refused("a path in Host", 400, "GET / HTTP/1.1\r\nHost: app.example.com/x\r\n\r\n"),
                refused("absolute form against Host", 400, "GET http://b.example.com/ HTTP/1.1\r\n" + HOST + "\r\n"),
                refused(
                        "absolute form with another port",
                        400,
                        "GET http://app.example.com:81/ HTTP/1.1\r\n" + HOST + "\r\n"),
                refused(
                        "absolute form with a user",
                        400,
                        "GET http://u:p@app.example.com/ HTTP/1.1\r\n" + HOST + "\r\n"),
                refused(
                        "absolute form of another scheme",
                        400,
                        "GET ftp://app.example.com/ HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("absolute form without a Host", 400, "GET http://app.example.com/ HTTP/1.1\r\n\r\n"),
                refused("no path", 400, "GET app.example.com HTTP/1.1\r\n" + HOST + "\r\n"),
                refused("GET of *", 400, "GET * HTTP/1.1\r\n" + HOST + "\r\n"),
                // Too much.
                refused(
                        "a first line too long",
                        414,
                        "GET /" + "a".repeat(17 * 1024) + " HTTP/1.1\r\n" + HOST + "\r\n"),
                refused(
                        "a field too long",
                        431,
                        "GET / HTTP/1.1\r\n" + HOST + "X-A: " + "a".repeat(64 * 1024) + "\r\n\r\n"),
                refused(
                        "a head of 1 MiB",
                        431,
                        "GET / HTTP/1.1\r\n" + HOST + "X-A: bcdefghij\r\n".repeat(65536) + "\r\n"),
                refused("257 fields", 431, "GET / HTTP/1.1\r\n" + HOST + "a:\r\n".repeat(FieldRoom.MOST) + "\r\n"),
                served(
                        "256 fields",
                        200,
                        Target.ONE_REQUEST,
                        "GET / HTTP/1.1\r\n" + HOST + "a:\r\n".repeat(FieldRoom.MOST - 1) + "\r\n"),
                // Whom nobody serves; the connection is fine.
                served("an unknown name", 404, Target.NOTHING, "GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n"),
                served("a foreign host", 421, Target.NOTHING, "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"),
                served("two labels", 421, Target.NOTHING, "GET / HTTP/1.1\r\nHost: a.app.example.com\r\n\r\n"),
                served(
                        "a suffix without its dot",
                        421,
                        Target.NOTHING,
                        "GET / HTTP/1.1\r\nHost: appexample.com\r\n\r\n"),
                served("an address", 421, Target.NOTHING, "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n"),
                served("an IPv6 address", 421, Target.NOTHING, "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"),
                // Odd, and sound.
                served(
                        "the name in capitals, with a dot and a port",
                        200,
                        Target.ONE_REQUEST,
                        "GET / HTTP/1.1\r\nHost: APP.Example.COM.:80\r\n\r\n"),
                served(
                        "absolute form like Host",
                        200,
                        Target.ONE_REQUEST,
                        "GET HTTP://app.example.com:80/ HTTP/1.1\r\n" + HOST + "\r\n"),
                served(
                        "absolute form of TLS, its port in Host",
                        200,
                        Target.ONE_REQUEST,
                        "GET HTTPS://app.example.com/ HTTP/1.1\r\nHost: app.example.com:443\r\n\r\n"),
                served("empty lines before", 200, Target.ONE_REQUEST, "\r\n\r\n" + Door.get("/")),
                served("OPTIONS of *", 200, Target.ONE_REQUEST, "OPTIONS * HTTP/1.1\r\n" + HOST + "\r\n"),
                served("an unknown method", 200, Target.ONE_REQUEST, "BREW / HTTP/1.1\r\n" + HOST + "\r\n"),
                served("bytes beyond ASCII in the path", 200, Target.ONE_REQUEST, Door.get("/\u00c3\u00a4")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void hostileRequestIsAnsweredAndSmugglesNothing(Case request) throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(request.input());
        FakeTarget target = request.target() == Target.ONE_REQUEST ? door.carriers.awaitStream() : null;
        if (target != null) {
            target.awaitHead();
            target.send(OK);
        }

        Answer answer = visitor.awaitAnswer();

        assertEquals(request.status(), answer.status(), answer.head());
        if (request.connection() == Connection.CLOSED) {
            assertEquals("close", answer.field("connection"));
            assertEquals("", visitor.awaitEnd());
            assertEquals(0, door.carriers.unseenStreams());
        } else {
            visitor.send(Door.get("/next"));
            FakeTarget next = target == null ? door.carriers.awaitStream() : target;
            assertTrue(next.awaitHead().startsWith("GET /next "));
            next.send(OK);
            assertEquals(200, visitor.awaitAnswer().status());
            assertEquals("", next.untaken());
        }
    }

    static Stream<Arguments> chunks() {
        return Stream.of(
                Arguments.of("a chunk's size in no hex", "zz\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("two numbers for a chunk's size", "3 3\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("a space before a chunk's size", " 3\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("NUL behind a chunk's size", "3\u0000ff\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("a control character before a chunk's size", "\u000b3\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("two numbers in a later chunk", "1\r\na\r\n3 3\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("two numbers for the last chunk", "3\r\nabc\r\n0 3\r\n\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("a negative chunk", "-1\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("a chunk of 2^32", "100000000\r\nabc\r\n0\r\n\r\n"),
                Arguments.of("a chunk longer than it says", "3\r\nabcd\r\n0\r\n\r\n"),
                Arguments.of("bare LF behind a chunk's size", "3\nabc\r\n0\r\n\r\n"),
                Arguments.of("bare LF in a chunk's extension", "3;a\nb\r\nabc\r\n0\r\n\r\n"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("chunks")
    void brokenChunkCutsTheRequestOffAtTheTarget(String name, String body) throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(post("Transfer-Encoding: chunked") + body);
        FakeTarget target = door.carriers.awaitStream();

        Answer answer = visitor.awaitAnswer();

        assertEquals(400, answer.status());
        assertEquals("malformed_request", answer.field("culvert-error"));
        assertEquals("", visitor.awaitEnd());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        target.awaitHead();
        assertFalse(target.untaken().contains("0\r\n\r\n"), "the target saw a whole request: " + target.untaken());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void headAtOneByteATimeIsCutOffAtItsDeadline() throws Exception {
        try (Door quick = Door.open(Duration.ofMillis(300), Duration.ofSeconds(30))) {
            RawVisitor visitor = quick.visitor();
            ScheduledExecutorService drip = Executors.newSingleThreadScheduledExecutor();
            visitor.send("GET / HTTP/1.1\r\nX-A: ");
            ScheduledFuture<?> dripping = drip.scheduleAtFixedRate(
                    () -> {
                        try {
                            visitor.send("a");
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    },
                    10,
                    10,
                    TimeUnit.MILLISECONDS);

            Answer answer = visitor.awaitAnswer();

            assertEquals(408, answer.status());
            assertEquals("head_too_slow", answer.field("culvert-error"));
            assertEquals("", visitor.awaitEnd());
            dripping.cancel(false);
            drip.shutdownNow();
        }
    }

    @Test
    void visitorWhoSaysNothingIsClosedWithoutAWord() throws Exception {
        try (Door quick = Door.open(Duration.ofMillis(100), Duration.ofSeconds(30))) {
            assertEquals("", quick.visitor().awaitEnd());
        }
    }

    @Test
    void keptConnectionIsClosedWhenNothingMoreIsAsked() throws Exception {
        try (Door quick = Door.open(Duration.ofSeconds(10), Duration.ofMillis(200))) {
            RawVisitor visitor = quick.visitor();
            visitor.send(Door.get("/"));
            FakeTarget target = quick.carriers.awaitStream();
            target.awaitHead();
            target.send(OK);
            visitor.awaitAnswer();

            assertEquals("", visitor.awaitEnd());
            target.awaitFinish();
            assertEquals(CloseReason.CANCELLED, target.awaitReset()); // It does not finish in turn.
        }
    }

    @Test
    void randomBytesReachNobody() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            RawVisitor visitor = door.visitor();
            byte[] bytes = new byte[1 + random.nextInt(4096)];
            random.nextBytes(bytes);
            visitor.send(new String(bytes, ISO_8859_1));
            visitor.finish();

            String answer = visitor.awaitEnd();

            assertTrue(
                    answer.isEmpty() || answer.startsWith("HTTP/1.1 4") || answer.startsWith("\u0015"),
                    "seed " + seed + ": " + answer);
            assertEquals(0, door.carriers.unseenStreams(), "seed " + seed);
        }
    }

    private static Case refused(String name, int status, String input) {
        return new Case(name, input, status, Connection.CLOSED, Target.NOTHING);
    }

    private static Case served(String name, int status, Target target, String input) {
        return new Case(name, input, status, Connection.KEPT, target);
    }

    private static String post(String... fields) {
        return "POST / HTTP/1.1\r\n" + HOST + String.join("\r\n", fields) + "\r\n\r\n";
    }
}

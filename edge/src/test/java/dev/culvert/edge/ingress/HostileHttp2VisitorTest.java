package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.CONTINUATION;
import static dev.culvert.edge.testkit.RawHttp2Visitor.DATA;
import static dev.culvert.edge.testkit.RawHttp2Visitor.END_HEADERS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.END_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.HEADERS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.HEADER_TABLE_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.INITIAL_WINDOW_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.PING;
import static dev.culvert.edge.testkit.RawHttp2Visitor.PUSH_PROMISE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.SETTINGS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawHttp2Visitor.Answer;
import dev.culvert.wire.CloseReason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests and frames of HTTP/2 that are not what they should be: what the visitor gets, and that no target sees them. */
class HostileHttp2VisitorTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int INTERNAL_ERROR = 2;
    private static final int FLOW_CONTROL_ERROR = 3;
    private static final int STREAM_CLOSED = 5;
    private static final int REFUSED_STREAM = 7;
    private static final int CANCEL = 8;
    private static final int ENHANCE_YOUR_CALM = 11;

    /** In the place of a status: the stream is reset. */
    private static final int RESET = 0;

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

    record Case(String name, int status, List<String> fields) {
        @Override
        public String toString() {
            return name + " → " + (status == RESET ? "reset" : status);
        }
    }

    static Stream<Case> requests() {
        String long17k = "a".repeat(17 * 1024);
        return Stream.of(
                // What would be two requests, or two opinions on where one ends, once it is HTTP/1.1.
                refused("CR LF in a value", 400, "x-a: b\r\nx-c: d"),
                refused("CR in a value", 400, "x-a: b\rc"),
                refused("LF in a value", 400, "x-a: b\nc"),
                refused("NUL in a value", 400, "x-a: b\0c"),
                refused("a request in a value", 400, "x-a: b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: app.example.com"),
                refused("CR LF in a cookie", 400, "cookie: a=1\r\nx-c: d"),
                refused("a space before a value", 400, "x-a:  b"),
                refused("a tab behind a value", 400, "x-a: b\t"),
                refused("CR LF in a name", RESET, "x-a\r\nx-c: d"),
                refused("a colon in a name", RESET, "x:a: d"),
                refused("a space in a name", RESET, "x a: d"),
                refused("capitals in a name", RESET, "X-A: b"),
                refused("a name beyond ASCII", RESET, "x-\u00e4: b"),
                refused("an empty name", RESET, ": b"),
                refused("transfer-encoding", RESET, "transfer-encoding: chunked"),
                refused("connection", RESET, "connection: close"),
                refused("connection that hides a field", RESET, "connection: content-length"),
                refused("keep-alive", RESET, "keep-alive: timeout=5"),
                refused("proxy-connection", RESET, "proxy-connection: keep-alive"),
                refused("upgrade", RESET, "upgrade: websocket"),
                refused("te with more than trailers", RESET, "te: trailers, gzip"),
                refused("te of another coding", RESET, "te: chunked"),
                refused("a length without a body", RESET, "content-length: 5"),
                refused("two lengths", RESET, "content-length: 0", "content-length: 5"),
                refused("a signed length", RESET, "content-length: +0"),
                refused("a negative length", RESET, "content-length: -1"),
                refused("a huge length", RESET, "content-length: 99999999999999999999"),
                refused("an old WebSocket's hidden body", 400, "sec-websocket-key1: a", "sec-websocket-key2: b"),
                // Pseudo-fields.
                head("no method", 400, ":scheme: http", ":authority: app.example.com", ":path: /"),
                head("no scheme", 400, ":method: GET", ":authority: app.example.com", ":path: /"),
                head("no path", 400, ":method: GET", ":scheme: http", ":authority: app.example.com"),
                head("an empty path", RESET, ":method: GET", ":scheme: http", ":authority: app.example.com", ":path: "),
                head("no authority", 400, ":method: GET", ":scheme: http", ":path: /"),
                head("an empty authority", RESET, ":method: GET", ":scheme: http", ":authority: ", ":path: /"),
                path("a space in the path", 400, "/a b"),
                path("a version in the path", 400, "/ HTTP/1.1\r\nHost: b.example.com\r\n\r\n"),
                path("CR LF in the path", 400, "/\r\nx-a: b"),
                path("a tab in the path", 400, "/\t"),
                path("absolute form", 400, "http://app.example.com/"),
                path("absolute form of another host", 400, "http://b.example.com/"),
                path("a path without a slash", 400, "app.example.com:443"),
                path("GET of *", 400, "*"),
                path("a path too long", 414, "/" + long17k),
                head(
                        "a space in the method",
                        400,
                        ":method: GET / HTTP/1.1",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: /"),
                head(
                        "CR LF in the method",
                        400,
                        ":method: GET\r\n",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: /"),
                head(
                        "a method of signs",
                        400,
                        ":method: G@T",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: /"),
                head("CONNECT", 400, ":method: CONNECT", ":authority: app.example.com:443"),
                head(
                        "extended CONNECT",
                        400,
                        ":method: CONNECT",
                        ":protocol: websocket",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: /"),
                head(
                        "a :protocol without CONNECT",
                        400,
                        ":method: GET",
                        ":protocol: websocket",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: /"),
                head("another scheme", 400, ":method: GET", ":scheme: ftp", ":authority: app.example.com", ":path: /"),
                head(
                        "a scheme that is an address",
                        400,
                        ":method: GET",
                        ":scheme: http://b.example.com/?",
                        ":authority: app.example.com",
                        ":path: /"),
                refused("a pseudo-field of responses", RESET, ":status: 200"),
                refused("a pseudo-field that is none", RESET, ":culvert: 1"),
                refused("a pseudo-field twice", RESET, ":path: /b"),
                head(
                        "a pseudo-field behind others",
                        RESET,
                        ":method: GET",
                        ":scheme: http",
                        "x-a: b",
                        ":authority: app.example.com",
                        ":path: /"),
                // Whom it is for.
                refused("a host that contradicts", 400, "host: b.example.com"),
                refused("a host with another port", 400, "host: app.example.com:81"),
                refused("two hosts", 400, "host: app.example.com", "host: app.example.com"),
                refused("two hosts that contradict", 400, "host: app.example.com", "host: b.example.com"),
                authority("a user in the authority", 400, "me@app.example.com"),
                authority("a path in the authority", 400, "app.example.com/x"),
                authority("a list in the authority", 400, "app.example.com, b.example.com"),
                authority("CR LF in the authority", 400, "app.example.com\r\nx-a: b"),
                authority("a port of letters", 400, "app.example.com:http"),
                authority("a foreign host", 421, "www.example.org"),
                authority("two labels", 421, "a.app.example.com"),
                authority("an address", 421, "10.0.0.1:80"),
                authority("an unknown name", 404, "nobody.example.com"),
                // Too much.
                refused("a head of 66 KiB", 431, fields(66)),
                refused("a head of 250 KiB", 431, fields(250)),
                refused(
                        "257 fields",
                        431,
                        Collections.nCopies(FieldRoom.MOST + 1, "a: b").toArray(String[]::new)),
                refused("a head of 300 KiB", 431, fields(300)),
                refused("a field of 200 KiB", 431, "x-a: " + "a".repeat(200 * 1024)),
                refused("a field of 66 KiB", 431, "x-a: " + "a".repeat(66 * 1024)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void hostileRequestIsRefusedAloneAndSmugglesNothing(Case request) throws Exception {
        Answer answer = visitor.await(visitor.request(request.fields().toArray(String[]::new)));

        if (request.status() == RESET) {
            assertEquals(PROTOCOL_ERROR, answer.reset(), () -> "answered " + answer);
        } else {
            assertEquals(request.status(), answer.status(), answer::toString);
            assertNotEquals(null, answer.field("culvert-error"));
        }
        assertEquals(0, door.carriers.unseenStreams());
        assertServes();
    }

    @Test
    void refusalOfAHeadRequestHasNoBody() throws Exception {
        Answer answer = visitor.await(
                visitor.request(":method: HEAD", ":scheme: http", ":authority: " + Door.HOST, ":path: no-slash"));

        assertEquals(400, answer.status());
        assertEquals("", answer.body());
    }

    static Stream<Case> sound() {
        return Stream.of(
                refused("the same host twice over", 200, "host: app.example.com"),
                refused("the same host otherwise spelled", 200, "host: APP.example.com.:80"),
                head("host alone", 200, ":method: GET", ":scheme: http", ":path: /", "host: app.example.com"),
                authority("the name in capitals, with a dot and a port", 200, "APP.Example.COM.:80"),
                path("bytes beyond ASCII in the path", 200, "/\u00c3\u00a4"),
                refused("te: trailers", 200, "te: trailers"),
                refused("the same length twice", 200, "content-length: 0", "content-length: 0"),
                refused("an empty value", 200, "x-a: "),
                refused("a head of 50 KiB", 200, fields(50)),
                head(
                        "an unknown method",
                        200,
                        ":method: BREW",
                        ":scheme: https",
                        ":authority: app.example.com",
                        ":path: /"),
                head(
                        "OPTIONS of *",
                        200,
                        ":method: OPTIONS",
                        ":scheme: http",
                        ":authority: app.example.com",
                        ":path: *"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sound")
    void oddRequestThatIsSoundIsServed(Case request) throws Exception {
        int stream = visitor.request(request.fields().toArray(String[]::new));
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.send(OK);

        assertEquals(200, visitor.await(stream).status());
        assertEquals(1, head.split("(?i)\r\nhost: ", -1).length - 1, head);
        assertEquals("", target.untaken());
    }

    @Test
    void moreDataThanItsLengthCutsTheRequestOff() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "content-length: 3"));
        visitor.data(stream, "abcGET /smuggled HTTP/1.1\r\n\r\n", true);

        assertEquals(PROTOCOL_ERROR, visitor.await(stream).reset());
        FakeTarget target = door.carriers.awaitStream();
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        target.awaitHead();
        assertEquals("", target.untaken());
        assertServes();
    }

    @Test
    void moreDataThanItsLengthInASecondFrameCutsTheRequestOff() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "content-length: 3"));
        FakeTarget target = door.carriers.awaitStream();
        visitor.data(stream, "abc", false);
        target.awaitText("abc");
        visitor.data(stream, "GET /smuggled HTTP/1.1\r\n\r\n", true);

        assertEquals(PROTOCOL_ERROR, visitor.await(stream).reset());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals("", target.untaken());
        assertServes();
    }

    @Test
    void lessDataThanItsLengthCutsTheRequestOff() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/", "content-length: 30"));
        visitor.data(stream, "abc", true);

        assertEquals(PROTOCOL_ERROR, visitor.await(stream).reset());
        assertEquals(CloseReason.CANCELLED, door.carriers.awaitStream().awaitReset());
        assertServes();
    }

    @Test
    void pseudoFieldInTrailersCutsTheRequestOff() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/"));
        visitor.trailers(stream, ":path: /b");

        assertEquals(PROTOCOL_ERROR, visitor.await(stream).reset());
        assertEquals(CloseReason.CANCELLED, door.carriers.awaitStream().awaitReset());
        assertServes();
    }

    @Test
    void lineEndInTrailersCutsTheRequestOff() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        visitor.trailers(stream, "x-a: b\r\n\r\nGET /smuggled HTTP/1.1");

        assertEquals(400, visitor.await(stream).status());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals("", target.untaken());
        assertServes();
    }

    @Test
    void streamsBeyondTheirNumberAreRefused() throws Exception {
        List<Integer> open = new ArrayList<>();
        for (int at = 0; at < Http2Limits.STREAMS; at++) {
            open.add(visitor.request(get(Door.HOST, "/")));
        }

        int tooMany = visitor.request(get(Door.HOST, "/"));

        assertEquals(REFUSED_STREAM, visitor.await(tooMany).reset());
        for (int at = 0; at < Http2Limits.STREAMS; at++) {
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            target.send(OK);
        }
        for (int stream : open) {
            assertEquals("ok", visitor.await(stream).body());
        }
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void rapidResetIsCutShort() throws Exception {
        assertEquals(ENHANCE_YOUR_CALM, reset(visitor, Http2Limits.RESETS + 1));
    }

    @Test
    void trustedProxyMayCancelMore() throws Exception {
        try (Door trusting = Door.open(Door.options(peer -> true))) {
            RawHttp2Visitor proxy = trusting.http2Visitor();
            for (int at = 0; at < 3 * Http2Limits.RESETS; at++) {
                proxy.reset(proxy.request(get(Door.HOST, "/")));
                proxy.sync();
            }
            assertEquals(
                    404,
                    proxy.await(proxy.request(get("nobody.example.com", "/"))).status());
        }
    }

    @Test
    void senselessRequestsWithoutEndAreCutShort() throws Exception {
        try {
            for (int at = 0; at < Http2Limits.RESETS + 1; at++) {
                visitor.request(":method: GET", "Capital: 1");
            }
            assertEquals(ENHANCE_YOUR_CALM, visitor.awaitEnd());
        } catch (SocketException e) {
            assertServesOthers(); // Closed while we were still sending.
        }
    }

    record Fault(String name, int code, Sending frames) {
        interface Sending {
            void to(RawHttp2Visitor visitor) throws IOException;
        }

        @Override
        public String toString() {
            return name + " → GOAWAY " + code;
        }
    }

    static Stream<Fault> faults() {
        return Stream.of(
                new Fault("DATA on a stream that never was", PROTOCOL_ERROR, visitor -> visitor.data(77, "x", true)),
                new Fault("DATA on stream 0", PROTOCOL_ERROR, visitor -> visitor.data(0, "x", true)),
                new Fault(
                        "a stream of the server's",
                        PROTOCOL_ERROR,
                        visitor -> visitor.frame(
                                HEADERS, END_HEADERS | END_STREAM, 2, RawHttp2Visitor.block(get(Door.HOST, "/")))),
                new Fault(
                        "a push", PROTOCOL_ERROR, visitor -> visitor.frame(PUSH_PROMISE, END_HEADERS, 1, new byte[4])),
                new Fault(
                        "CONTINUATION of nothing",
                        PROTOCOL_ERROR,
                        visitor -> visitor.frame(CONTINUATION, END_HEADERS, 1, new byte[0])),
                new Fault("another frame within a head", PROTOCOL_ERROR, visitor -> {
                    visitor.frame(HEADERS, END_STREAM, 1, RawHttp2Visitor.block(get(Door.HOST, "/")));
                    visitor.frame(PING, 0, 0, new byte[8]);
                }),
                new Fault("a head without end in tiny frames", ENHANCE_YOUR_CALM, visitor -> {
                    visitor.frame(HEADERS, END_STREAM, 1, RawHttp2Visitor.block(get(Door.HOST, "/")));
                    for (int at = 0; at < 1_000; at++) {
                        visitor.frame(CONTINUATION, 0, 1, new byte[0]);
                    }
                }),
                new Fault(
                        "a head of 400 KiB",
                        PROTOCOL_ERROR,
                        visitor -> visitor.request(
                                refused("", 0, fields(400)).fields().toArray(String[]::new))),
                new Fault("empty DATA without end", ENHANCE_YOUR_CALM, visitor -> {
                    int stream = visitor.open(post(Door.HOST, "/"));
                    for (int at = 0; at < 100; at++) {
                        visitor.frame(DATA, 0, stream, new byte[0]);
                    }
                }),
                new Fault(
                        "a head that cannot be unpacked",
                        9,
                        visitor ->
                                visitor.frame(HEADERS, END_HEADERS | END_STREAM, 1, new byte[] {(byte) 0xFF, 0x7F})));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void faultOfTheConnectionEndsItAndItsRequests(Fault fault) throws Exception {
        int underWay = visitor.request(get(Door.HOST, "/under-way"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        assertEquals(1, underWay);
        RawHttp2Visitor hostile = door.http2Visitor();
        int code;
        try {
            fault.frames().to(hostile);
            code = hostile.awaitEnd();
        } catch (SocketException e) {
            code = fault.code(); // Closed while we were still sending.
        }

        assertEquals(fault.code(), code);
        target.send(OK);
        assertEquals("ok", visitor.await(underWay).body());
    }

    @Test
    void endedConnectionEndsWhatWasUnderWayOnIt() throws Exception {
        visitor.request(get(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        visitor.data(0, "x", true);

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals(PROTOCOL_ERROR, visitor.awaitEnd());
    }

    @Test
    void dataBeyondTheWindowIsRefusedAlone() throws Exception {
        int stream = visitor.open(post(Door.HOST, "/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.takesMore(false);
        for (int at = 0; at < 5; at++) {
            visitor.frame(DATA, 0, stream, new byte[16_384]);
        }

        assertEquals(FLOW_CONTROL_ERROR, visitor.await(stream).reset());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertServes();
    }

    @Test
    void dataOnAnEndedStreamIsRefusedAlone() throws Exception {
        int stream = visitor.request(get("nobody.example.com", "/"));
        visitor.await(stream);
        visitor.sync();

        visitor.data(stream, "x", true);

        assertServes();
        assertEquals(STREAM_CLOSED, visitor.await(stream).reset());
    }

    @Test
    void floodOfPingsWhoseAnswersNobodyReadsIsCutShort() throws Exception {
        byte[] ping = {0, 0, 8, PING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        byte[] many = new byte[ping.length * 4_000];
        for (int at = 0; at < many.length; at += ping.length) {
            System.arraycopy(ping, 0, many, at, ping.length);
        }
        // Far more time for a first request than a slow machine needs to answer so many pings, or that end comes first.
        try (Door quick = Door.open(Duration.ofSeconds(60), Duration.ofSeconds(30))) {
            RawHttp2Visitor hostile = quick.http2Visitor();
            assertThrows(SocketException.class, () -> {
                for (int at = 0; at < 100_000; at++) { // Far more than fits into the buffers between.
                    hostile.raw(many);
                }
            });
            assertServes(quick.http2Visitor());
        }
    }

    @Test
    void floodOfRequestsWhoseAnswersNobodyReadsIsCutShort() throws Exception {
        String path = "/" + "a".repeat(6 * 1024);
        IngressOptions.Deadlines quickly = new IngressOptions.Deadlines(
                Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(60), Duration.ofMillis(200));
        try (Door quick =
                Door.open(new IngressOptions(Door.DOMAIN, null, peer -> false, quickly, () -> 443, "", null))) {
            Socket narrow = new Socket();
            narrow.setReceiveBufferSize(4 * 1024);
            narrow.connect(new InetSocketAddress("127.0.0.1", quick.port()));
            RawHttp2Visitor hostile = new RawHttp2Visitor(narrow);
            assertThrows(SocketException.class, () -> {
                for (int at = 0; at < 10_000; at++) { // Far more heads than fit into the buffers between.
                    hostile.request(":method: HEAD", ":scheme: http", ":authority: " + Door.HOST, ":path: " + path);
                }
            });
            assertEquals(0, quick.carriers.unseenStreams(), "all are answered with 308");
            hostile.close();
        }
    }

    @Test
    void targetThatBreaksOffIsNotHeldAgainstItsVisitor() throws Exception {
        for (int at = 0; at <= Http2Limits.RESETS; at++) {
            int stream = visitor.request(get(Door.HOST, "/"));
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
            visitor.awaitBody(stream, 1);
            target.reset(CloseReason.LANE_LOST, 0, "");
            assertEquals(INTERNAL_ERROR, visitor.await(stream).reset());
        }

        assertServes();
    }

    @Test
    void floodOfSettingsIsCutShort() throws Exception {
        try {
            for (int at = 0; at <= Http2Limits.SETTINGS; at++) {
                visitor.frame(SETTINGS, 0, 0, new byte[0]);
            }
        } catch (SocketException e) {
            assertServesOthers(); // Closed while we were still sending.
            return;
        }
        assertEquals(ENHANCE_YOUR_CALM, visitor.awaitEnd());
    }

    @Test
    void answerThatNobodyTakesIsKeptForATime() throws Exception {
        try (Door quick = Door.open(Duration.ofSeconds(10), Duration.ofMillis(200))) {
            RawHttp2Visitor hostile = quick.http2Visitor(INITIAL_WINDOW_SIZE, 0);
            int stream = hostile.request(get("nobody.example.com", "/"));

            assertEquals(CANCEL, hostile.await(stream).reset());
            assertEquals(NO_ERROR, hostile.awaitEnd());
        }
    }

    @Test
    void answerThatIsTakenSlowlyIsKept() throws Exception {
        String body = "0123456789abcdef".repeat(3 * 1024);
        Duration idle = Duration.ofMillis(200);
        try (Door quick = Door.open(Duration.ofSeconds(10), idle)) {
            RawHttp2Visitor slow = quick.http2Visitor(INITIAL_WINDOW_SIZE, 0);
            slow.grantNothing();
            int stream = slow.request(get(Door.HOST, "/"));
            FakeTarget target = quick.carriers.awaitStream();
            target.awaitHead();
            target.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s".formatted(body.length(), body));
            long slowUntil = System.nanoTime() + idle.multipliedBy(5).toNanos();
            while (System.nanoTime() < slowUntil && slow.received(stream) < body.length() / 2) {
                slow.grant(stream, 1);
                slow.awaitBody(stream, slow.received(stream) + 1);
            }
            slow.grant(stream, body.length());

            assertEquals(body, slow.await(stream).body());
        }
    }

    @Test
    void tableOfFieldsStaysSmallWhateverAVisitorOffers() throws Exception {
        RawHttp2Visitor generous = door.http2Visitor(HEADER_TABLE_SIZE, 1 << 30);
        assertServes(generous);

        String block = HexFormat.of().formatHex(generous.lastBlock());

        assertTrue(block.contains("3fe11f"), block); // A table of 4,096 bytes, by RFC 7541, 6.3.
    }

    @Test
    void randomFramesReachNobody() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            RawHttp2Visitor hostile = door.http2Visitor();
            try {
                for (int at = 0; at < 20; at++) {
                    byte[] payload = new byte[random.nextInt(64)];
                    random.nextBytes(payload);
                    hostile.frame(random.nextInt(12), random.nextInt(256), random.nextInt(4), payload);
                }
            } catch (SocketException e) {
                assertFalse(e.toString().isEmpty()); // Closed while we were still sending.
            }
            hostile.close();
            assertEquals(0, door.carriers.unseenStreams(), "seed " + seed);
        }
        assertServes();
    }

    /** Cancels so many requests, and tells with which code the connection ends. */
    private static int reset(RawHttp2Visitor visitor, int times) throws IOException {
        try {
            for (int at = 0; at < times; at++) {
                visitor.reset(visitor.request(get(Door.HOST, "/")));
            }
        } catch (SocketException e) {
            return ENHANCE_YOUR_CALM; // Closed while we were still sending.
        }
        return visitor.awaitEnd();
    }

    private void assertServes() throws IOException {
        assertServes(visitor);
    }

    private void assertServesOthers() throws IOException {
        assertServes(door.http2Visitor());
    }

    private static void assertServes(RawHttp2Visitor some) throws IOException {
        assertEquals(200, some.await(some.request(get("example.com", "/"))).status());
    }

    private static Case refused(String name, int status, String... more) {
        List<String> fields = new ArrayList<>(List.of(get(Door.HOST, "/")));
        fields.addAll(List.of(more));
        return new Case(name, status, fields);
    }

    private static Case head(String name, int status, String... fields) {
        return new Case(name, status, List.of(fields));
    }

    private static Case path(String name, int status, String path) {
        return new Case(name, status, List.of(get(Door.HOST, path)));
    }

    private static Case authority(String name, int status, String authority) {
        return new Case(name, status, List.of(get(authority, "/")));
    }

    /** Fields that make a head of so many KiB, as HTTP/2 counts them. */
    private static String[] fields(int kib) {
        String[] fields = new String[kib];
        for (int at = 0; at < kib; at++) {
            fields[at] = "x-%03d: %s".formatted(at, "a".repeat(1024 - 32 - 5));
        }
        return fields;
    }
}

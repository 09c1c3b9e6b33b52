package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written down of visitors. */
class AccessLogTest {
    @Test
    void exchangeIsWrittenDownWhenItIsOver() throws Exception {
        try (Door door = Door.open()) {
            long before = System.currentTimeMillis();
            RawVisitor visitor = door.visitor()
                    .send("POST /a?b=c HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: test/1\r\nContent-Length: 3\r\n"
                            + "X-Forwarded-For: 192.0.2.1\r\n\r\nabc");
            FakeTarget target = door.carriers.awaitStream();
            target.awaitText("abc");
            target.send("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello");
            assertEquals(201, visitor.awaitAnswer().status());

            AccessLog.Visit visit = next(door);

            assertEquals("http", visit.kind());
            assertEquals("127.0.0.1", visit.visitor(), "nobody trusts the field");
            assertEquals("app.example.com", visit.host());
            assertEquals("owner", visit.owner());
            assertNull(visit.user());
            assertEquals(new AccessLog.Request("POST", "/a?b=c", "test/1"), visit.request());
            assertEquals(201, visit.status());
            assertNull(visit.error());
            assertEquals(3, visit.bytesIn());
            assertEquals(5, visit.bytesOut());
            assertTrue(visit.beganMillis() >= before && visit.micros() > 0, visit::toString);
        }
    }

    @Test
    void addressIsThatWhichATrustedProxyNames() throws Exception {
        try (Door door = Door.open(Door.options(Networks.parse("127.0.0.0/8")))) {
            door.visitor()
                    .send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
                    .awaitAnswer();

            assertEquals("192.0.2.1", next(door).visitor());
        }
    }

    @Test
    void whatTheEdgeAnswersItselfHasItsWord() throws Exception {
        try (Door door = Door.open()) {
            String body = door.visitor()
                    .send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n")
                    .awaitAnswer()
                    .body();

            AccessLog.Visit visit = next(door);

            assertEquals(404, visit.status());
            assertEquals("tunnel_not_found", visit.error());
            assertEquals("nobody.example.com", visit.host());
            assertNull(visit.owner());
            assertEquals(body.length(), visit.bytesOut());
        }
    }

    @Test
    void pageInATargetsSteadCountsForTheVisitorAndNotForTheTunnel() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor().send(Door.get("/"));
            door.carriers.awaitStream().send("this is no HTTP\r\n\r\n");
            String body = visitor.awaitAnswer().body();

            AccessLog.Visit visit = next(door);

            assertEquals("bad_answer", visit.error());
            assertEquals(body.length(), visit.bytesOut());
            assertEquals(0, door.traffic.total().bytesOut());
        }
    }

    @Test
    void answerToHeadHasNoBytes() throws Exception {
        try (Door door = Door.open()) {
            door.visitor()
                    .send("HEAD / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n")
                    .awaitHeadAnswer();
            assertEquals(0, next(door).bytesOut());

            door.visitor().send("HEAD / HTTP/1.1\r\n\r\n").awaitHeadAnswer();
            assertEquals(0, next(door).bytesOut());
        }
    }

    @Test
    void requestThatMakesNoSenseIsWrittenDownOnceWithWhatCouldBeRead() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor()
                    .send("POST /a?b=c HTTP/1.1\r\nHost: APP.example.com:80\r\nUser-Agent: test/1\r\n"
                            + "Transfer-Encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            String body = visitor.awaitAnswer().body();

            AccessLog.Visit visit = next(door);

            assertEquals("http", visit.kind());
            assertEquals("127.0.0.1", visit.visitor());
            assertEquals("app.example.com", visit.host());
            assertEquals(new AccessLog.Request("POST", "/a?b=c", "test/1"), visit.request());
            assertEquals(400, visit.status());
            assertEquals("malformed_request", visit.error());
            assertEquals(body.length(), visit.bytesOut());
            assertEquals("", visitor.awaitEnd());
            assertNothingMore(door);
        }
    }

    @ParameterizedTest
    @MethodSource
    void headThatIsRefusedIsWrittenDownWithoutWhatCouldNotBeRead(
            String bytes, int status, String host, String method, String target) throws Exception {
        try (Door door = Door.open(Duration.ofMillis(100), Duration.ofSeconds(60))) {
            assertEquals(status, door.visitor().send(bytes).awaitAnswer().status());

            AccessLog.Visit visit = next(door);

            assertEquals(status, visit.status());
            assertEquals(host, visit.host());
            assertEquals(new AccessLog.Request(method, target, null), visit.request());
            assertNothingMore(door);
        }
    }

    static List<Arguments> headThatIsRefusedIsWrittenDownWithoutWhatCouldNotBeRead() {
        String long17k = "a".repeat(17 * 1024);
        return List.of(
                arguments("SSH-2.0-scanner\r\n", 400, null, null, null),
                arguments("GET /\r\n\r\n", 400, null, null, null),
                arguments("GET /" + long17k + " HTTP/1.1\r\n", 414, null, null, null),
                arguments(Door.get("/a").replace("\r\n\r\n", "\r\n"), 408, null, null, null),
                arguments("GET /a HTTP/1.1\r\n\r\n", 400, null, "GET", "/a"),
                arguments("GET /a HTTP/1.0\r\n\r\n", 421, null, "GET", "/a"),
                arguments("GET /a HTTP/1.1\r\nHost: a_b c\r\n\r\n", 400, null, "GET", "/a"),
                arguments("GET /a HTTP/1.1\r\nHost: a.org\r\nHost: b.org\r\n\r\n", 400, null, "GET", "/a"),
                arguments("CONNECT a.org:443 HTTP/1.1\r\nHost: a.org\r\n\r\n", 400, "a.org", "CONNECT", "a.org:443"),
                arguments(
                        "GET /a HTTP/1.1\r\nHost: a.org\r\n" + "b: 1\r\n".repeat(300) + "\r\n",
                        431,
                        "a.org",
                        "GET",
                        "/a"));
    }

    @ParameterizedTest
    @MethodSource
    void headOfHttp2ThatIsRefusedIsWrittenDown(String[] fields, int status, String host, String method, String target)
            throws Exception {
        try (Door door = Door.open()) {
            RawHttp2Visitor visitor = door.http2Visitor();
            RawHttp2Visitor.Answer answer = visitor.await(visitor.request(fields));

            AccessLog.Visit visit = next(door);

            assertEquals(status, visit.status());
            assertEquals(answer.fields().get("culvert-error"), visit.error());
            assertEquals(host, visit.host());
            assertEquals(new AccessLog.Request(method, target, null), visit.request());
            assertEquals(answer.body().length(), visit.bytesOut());
            assertNothingMore(door);
        }
    }

    static List<Arguments> headOfHttp2ThatIsRefusedIsWrittenDown() {
        String large = "x-a: " + "a".repeat(66 * 1024);
        return List.of(
                arguments(new String[] {":method: GET", ":scheme: http", ":path: /a"}, 400, null, "GET", "/a"),
                arguments(
                        new String[] {":method: GET", ":scheme: ftp", ":path: /a", "host: a.org"},
                        400,
                        "a.org",
                        "GET",
                        "/a"),
                arguments(RawHttp2Visitor.get("a.org", "no-slash"), 400, "a.org", "GET", "no-slash"),
                arguments(
                        new String[] {":method: HEAD", ":scheme: http", ":authority: a.org", ":path: b"},
                        400,
                        "a.org",
                        "HEAD",
                        "b"),
                arguments(RawHttp2Visitor.post("a.org", "/a", large), 431, "a.org", "POST", "/a"),
                arguments(RawHttp2Visitor.post("a.org", "/a", large.repeat(4)), 431, null, null, null));
    }

    @Test
    void proxysWordOnTheAddressCountsOnlyInAHeadThatWasReadToItsEnd() throws Exception {
        try (Door door = Door.open(Door.options(Networks.parse("127.0.0.0/8")))) {
            String forged = "GET /a HTTP/1.1\r\nX-Forwarded-For: 198.51.100.1\r\n";
            String proxys = "X-Forwarded-For: 192.0.2.1\r\n\r\n";
            door.visitor().send(forged + proxys).awaitAnswer();
            assertEquals("192.0.2.1", next(door).visitor());

            door.visitor().send(forged + "b: 1\r\n".repeat(300) + proxys).awaitAnswer();
            assertEquals("127.0.0.1", next(door).visitor());

            RawHttp2Visitor visitor = door.http2Visitor();
            visitor.await(visitor.request(
                    ":method: GET", ":scheme: http", ":path: /a", "x-forwarded-for: 198.51.100.1, 192.0.2.1"));
            assertEquals("192.0.2.1", next(door).visitor());
        }
    }

    @Test
    void whoHasShownWhoItIsIsNamedAndWhoHasNotIsRefused() throws Exception {
        try (Door door = Door.open()) {
            Admission byPassword = Admission.EVERYBODY.withPasswords(Set.of(Password.parse("ann:correct horse")));
            door.registry.know(FakeRegistry.tunnel(
                    Door.HOST,
                    new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, byPassword),
                    Set.of(FakeRegistry.CLAIM)));
            door.visitor()
                    .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nCulvert-User: root\r\n\r\n")
                    .awaitAnswer();
            AccessLog.Visit refused = next(door);
            assertEquals(401, refused.status());
            assertEquals("owner", refused.owner());
            assertNull(refused.user());

            RawVisitor visitor = door.visitor()
                    .send(
                            "GET / HTTP/1.1\r\nHost: app.example.com\r\nAuthorization: Basic YW5uOmNvcnJlY3QgaG9yc2U=\r\n\r\n");
            door.carriers.awaitStream().send("HTTP/1.1 204 No Content\r\n\r\n");
            assertEquals(204, visitor.awaitAnswer().status());
            assertEquals("ann", next(door).user());
        }
    }

    @Test
    void connectionOfRawBytesIsWrittenDownAtItsEnd() throws Exception {
        try (Door door = Door.open()) {
            door.registry.know(door.tcpTunnel());
            RawVisitor visitor = door.tcpVisitor().send("hello");
            FakeTarget target = door.carriers.awaitStream();
            target.awaitText("hello");
            target.send("hi").finish();
            visitor.awaitText("hi");
            visitor.close();

            AccessLog.Visit visit = next(door);

            assertEquals("tcp", visit.kind());
            assertEquals(door.tcpTunnel().key().name(), visit.host());
            assertNull(visit.request());
            assertNull(visit.error());
            assertEquals(5, visit.bytesIn());
            assertEquals(2, visit.bytesOut());
        }
    }

    @Test
    void connectionThatIsTurnedAwayIsWrittenDownWithTheReason() throws Exception {
        try (Door door = Door.open()) {
            assertEquals("", door.tcpVisitor().awaitEnd());

            assertEquals("not_held", next(door).error());
        }
    }

    /** Nothing was written down before another visitor's request. */
    private static void assertNothingMore(Door door) throws Exception {
        door.visitor()
                .send("GET /more HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n")
                .awaitAnswer();
        assertEquals("nobody.example.com", next(door).host());
    }

    private static AccessLog.Visit next(Door door) throws InterruptedException {
        return assertNotNullValue(door.visits.poll(20, TimeUnit.SECONDS));
    }

    private static AccessLog.Visit assertNotNullValue(AccessLog.Visit visit) {
        assertNotNull(visit, "nothing was written down");
        return visit;
    }
}

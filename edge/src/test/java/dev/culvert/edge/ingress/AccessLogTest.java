package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

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

    private static AccessLog.Visit next(Door door) throws InterruptedException {
        return assertNotNullValue(door.visits.poll(20, TimeUnit.SECONDS));
    }

    private static AccessLog.Visit assertNotNullValue(AccessLog.Visit visit) {
        assertNotNull(visit, "nothing was written down");
        return visit;
    }
}

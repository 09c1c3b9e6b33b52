package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import java.net.InetAddress;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which fields a target sees, and a visitor. */
class ForwardedFieldsTest {
    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Forwarded-For: evil",
                "x-forwarded-proto: evil",
                "X-Forwarded-Host: evil",
                "X-Forwarded-Port: evil",
                "X-Forwarded-Anything: evil",
                "X_Forwarded_For: evil",
                "x_forwarded-proto: evil",
                "Forwarded: for=evil",
                "X-Real-IP: evil",
                "X_Real_IP: evil",
                "Culvert-Anything: evil",
                "culvert_anything: evil",
                "Keep-Alive: evil",
                "Proxy-Connection: evil",
                "Proxy-Authorization: evil",
                "HTTP2-Settings: evil",
                "HTTP2_Settings: evil",
                "Upgrade: evil",
                "TE: evil",
                "Connection: X-Hop\r\nX-Hop: evil",
                "Connection: a, x-HOP\r\nConnection: b\r\nX-Hop: evil",
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: evil",
            })
    void fieldThatIsNotTheVisitorsToSayIsDropped(String field) throws Exception {
        String head = headFor(field);

        assertFalse(head.contains("evil"), head);
        assertFalse(head.contains("h2c"), head);
        assertTrue(head.contains("x-forwarded-for: 127.0.0.1\r\n"), head);
        assertTrue(head.contains("x-forwarded-proto: http\r\n"), head);
        assertTrue(head.contains("x-forwarded-host: app.example.com:8080\r\n"), head);
        assertTrue(head.contains("x-forwarded-port: 8080\r\n"), head);
    }

    @Test
    void lengthCannotBeNominatedAway() throws Exception {
        String head = headFor("Connection: Content-Length, Host\r\nContent-Length: 3\r\n\r\nabc");

        assertTrue(head.contains("content-length: 3"), head);
        assertTrue(head.contains("host: app.example.com:8080\r\n"), head);
    }

    @Test
    void trustedProxySaysForWhomItForwards() throws Exception {
        try (Door trusting = Door.open(Door.options(InetAddress::isLoopbackAddress))) {
            trusting.visitor()
                    .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 203.0.113.7\r\n"
                            + "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX_Forwarded_For: evil\r\n"
                            + "Culvert-X: evil\r\n\r\n");
            String head = trusting.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);

            assertTrue(head.contains("x-forwarded-for: 203.0.113.7, 127.0.0.1\r\n"), head);
            assertTrue(head.contains("x-forwarded-proto: https\r\n"), head);
            assertTrue(head.contains("x-forwarded-port: 443\r\n"), head);
            assertTrue(head.contains("x-forwarded-host: app.example.com\r\n"), head);
            assertFalse(head.contains("evil"), head);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "preserve,         127.0.0.1:3000,         app.example.com, http://app.example.com, http://127.0.0.1:3000/in",
        "rewrite,          127.0.0.1:3000,         127.0.0.1:3000,  http://127.0.0.1:3000,  http://app.example.com/in",
        "rewrite,          http://localhost:3000/, localhost:3000,  http://localhost:3000,  http://127.0.0.1:3000/in",
        "rewrite,          3000,                   127.0.0.1:3000,  http://127.0.0.1:3000,  http://app.example.com/in",
        "dev.internal,     127.0.0.1:3000,         dev.internal,    http://app.example.com, http://127.0.0.1:3000/in",
        "'evil\r\nX: y',   127.0.0.1:3000,         app.example.com, http://app.example.com, http://127.0.0.1:3000/in",
    })
    void targetIsCalledWhatThePolicySays(String policy, String target, String host, String origin, String location)
            throws Exception {
        door.registry.know(FakeRegistry.tunnel(
                Door.HOST,
                new Tunnel.Policy(policy, target, 0, false, Admission.EVERYBODY),
                Set.of(FakeRegistry.CLAIM)));
        RawVisitor visitor = door.visitor();
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nOrigin: http://app.example.com\r\n\r\n");
        FakeTarget seen = door.carriers.awaitStream();
        String head = seen.awaitHead().toLowerCase(Locale.ROOT);
        seen.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:3000/in\r\nContent-Length: 0\r\n\r\n");

        Answer answer = visitor.awaitAnswer();

        assertTrue(head.contains("\r\nhost: " + host + "\r\n"), head);
        assertTrue(head.contains("\r\norigin: " + origin + "\r\n"), head);
        assertEquals(location, answer.field("location"));
    }

    @Test
    void requestThatComesBackAgainAndAgainIsFound() throws Exception {
        String marks = "cdn-loop: other-cdn; a=1, Culvert,culvert\r\nCDN-Loop: culvert\r\nCDN-Loop: culvert";
        String head = headFor(marks);
        assertTrue(head.contains("cdn-loop: other-cdn; a=1, culvert,culvert\r\n"), head);
        assertEquals(4, head.split("cdn-loop: ", -1).length - 1, head);

        Answer answer = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\n" + marks + ", culvert\r\n\r\n")
                .awaitAnswer();

        assertEquals(508, answer.status());
        assertEquals("loop", answer.field("culvert-error"));
        assertTrue(answer.body().contains("the target of app.example.com leads back to it"), answer.body());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void originOfAnotherSiteStays() throws Exception {
        door.registry.know(FakeRegistry.tunnel(
                Door.HOST,
                new Tunnel.Policy("rewrite", "127.0.0.1:3000", 0, false, Admission.EVERYBODY),
                Set.of(FakeRegistry.CLAIM)));
        String head = headFor("Origin: https://attacker.example");

        assertTrue(head.contains("origin: https://attacker.example\r\n"), head);
    }

    @Test
    void bytesBeyondAsciiArriveAsTheyWereMeant() throws Exception {
        door.visitor().send("GET /\u00c3\u00a4 HTTP/1.1\r\nHost: app.example.com\r\nX-A: \u00c3\u00a4\r\n\r\n");

        String head = door.carriers.awaitStream().awaitHead();

        assertTrue(head.startsWith("GET /%C3%A4 HTTP/1.1\r\n"), head);
        assertTrue(head.contains("X-A: \u00c3\u00a4\r\n"), head);
    }

    /** The edge has a clock, and a cache before it counts an answer's age from there (RFC 9110, 6.6.1). */
    @Test
    void answersWithoutADateGetTheEdges() throws Exception {
        RawVisitor visitor = door.visitor().send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        target.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        assertNull(visitor.awaitAnswer().field("date"));
        assertBetween(before, visitor.awaitAnswer());

        visitor.send("GET / HTTP/1.1\r\nHost: nobody.example.org\r\n\r\n");
        assertBetween(before, visitor.awaitAnswer());
    }

    @Test
    void dateOfATargetStays() throws Exception {
        RawVisitor visitor = door.visitor().send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 0\r\n\r\n");

        assertEquals("Tue, 15 Nov 1994 08:12:31 GMT", visitor.awaitAnswer().field("date"));
    }

    private static void assertBetween(Instant before, Answer answer) {
        Instant date = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(answer.field("date")));
        assertFalse(date.isBefore(before) || date.isAfter(Instant.now()), date + " is not after " + before);
    }

    private String headFor(String field) throws Exception {
        door.visitor().send("POST / HTTP/1.1\r\nHost: app.example.com:8080\r\n" + field + "\r\n\r\n");
        return door.carriers.awaitStream().awaitHead().toLowerCase(Locale.ROOT);
    }
}

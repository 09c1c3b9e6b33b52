package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.config.Rate;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.UnreadPolicy;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A tunnel that takes two requests in an hour. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class TunnelRatesTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String OTHER = "other.example.com";
    private static final Rate TWO_AN_HOUR = Rate.parse("2/h");

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.registry.know(tunnel(Door.HOST, TWO_AN_HOUR, Admission.EVERYBODY));
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void crowdIsToldWhenToComeBackAndOtherTunnelsAreUntouched() throws Exception {
        door.registry.know(FakeRegistry.tunnel(OTHER));
        for (int i = 0; i < 2; i++) {
            assertServed(door.visitor(), Door.HOST);
        }

        Answer answer = get(door.visitor(), Door.HOST);

        assertEquals(429, answer.status());
        assertEquals("tunnel_busy", answer.field("culvert-error"));
        int wait = Integer.parseInt(answer.field("retry-after"));
        assertTrue(wait > 1700 && wait <= 1800, "half an hour, was " + wait);
        assertEquals(0, door.carriers.unseenStreams());
        for (int i = 0; i < 3; i++) {
            assertServed(door.visitor(), OTHER);
        }
    }

    @Test
    void requestThatIsRefusedLeavesTheConnectionUsable() throws Exception {
        RawVisitor visitor = door.visitor();
        assertServed(door.visitor(), Door.HOST);
        assertServed(door.visitor(), Door.HOST);

        assertEquals(429, get(visitor, Door.HOST).status());
        assertEquals(200, get(visitor, Door.DOMAIN).status());
    }

    @Test
    void everyRequestOfAConnectionCounts() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int[] served = {request(visitor), request(visitor)};

        RawHttp2Visitor.Answer answer = visitor.await(request(visitor));

        assertEquals(429, answer.status());
        assertEquals("tunnel_busy", answer.field("culvert-error"));
        door.carriers.awaitStream().send(OK);
        door.carriers.awaitStream().send(OK);
        for (int stream : served) {
            assertEquals("ok", visitor.await(stream).body());
        }
    }

    @Test
    void requestThatIsTriedAgainCountsOnce() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        door.carriers.awaitStream().reset(CloseReason.NOT_HELD, 0, "");
        door.carriers.awaitStream().send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());

        assertServed(door.visitor(), Door.HOST);
        assertEquals(429, get(door.visitor(), Door.HOST).status());
    }

    @Test
    void whoIsNotLetInDoesNotCount() throws Exception {
        Admission byPassword = Admission.EVERYBODY.withPasswords(Set.of(Password.parse("ann:correct horse")));
        door.registry.know(tunnel(Door.HOST, TWO_AN_HOUR, byPassword));
        for (int i = 0; i < 3; i++) {
            assertEquals(401, get(door.visitor(), Door.HOST).status());
        }

        door.visitor()
                .send(
                        "GET / HTTP/1.1\r\nHost: app.example.com\r\nAuthorization: Basic YW5uOmNvcnJlY3QgaG9yc2U=\r\n\r\n");

        door.carriers.awaitStream();
    }

    @Test
    void connectionsForRawTcpAreClosed() throws Exception {
        Tunnel port = door.tcpTunnel();
        Tunnel.Policy policy =
                tunnel(Door.HOST, TWO_AN_HOUR, Admission.EVERYBODY).policy();
        door.registry.know(new Tunnel(port.key(), "owner", 0, "tcp", policy, port.claims(), 0));
        for (int i = 0; i < 2; i++) {
            door.tcpVisitor();
            door.carriers.awaitStream();
        }

        assertEquals("", door.tcpVisitor().awaitEnd());

        assertEquals(1, door.traffic.turnedAway().of(CloseReason.OVERLOADED));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void rateThatChangesBeginsAnewAndOneThatIsGoneHoldsNobodyUp() {
        TunnelRates rates = new TunnelRates();
        Tunnel slow = tunnel(Door.HOST, Rate.parse("1/h"), Admission.EVERYBODY);
        assertEquals(0, rates.waitSeconds(slow));
        assertTrue(rates.waitSeconds(slow) > 3500);

        Tunnel faster = tunnel(Door.HOST, TWO_AN_HOUR, Admission.EVERYBODY);
        assertEquals(0, rates.waitSeconds(faster));
        assertEquals(0, rates.waitSeconds(faster));
        assertTrue(rates.waitSeconds(faster) > 1700);

        assertEquals(0, rates.waitSeconds(tunnel(Door.HOST, null, Admission.EVERYBODY)));
    }

    private static Tunnel tunnel(String host, @Nullable Rate rate, Admission admission) {
        Tunnel.Policy policy =
                new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, admission, rate, UnreadPolicy.NOTHING);
        return FakeRegistry.tunnel(host, policy, Set.of(FakeRegistry.CLAIM));
    }

    private void assertServed(RawVisitor visitor, String host) throws Exception {
        send(visitor, host);
        door.carriers.awaitStream().send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
    }

    private static int request(RawHttp2Visitor visitor) throws Exception {
        return visitor.request(RawHttp2Visitor.get(Door.HOST, "/"));
    }

    private static Answer get(RawVisitor visitor, String host) throws Exception {
        send(visitor, host);
        return visitor.awaitAnswer();
    }

    private static void send(RawVisitor visitor, String host) throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host));
    }
}

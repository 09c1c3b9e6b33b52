package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Rate;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.testkit.LeakFree;
import java.net.InetAddress;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakFree.class)
@Timeout(60)
class VisitorRatesTest {
    private static final Rate THREE_AN_HOUR = Rate.parse("3/h");

    private static Door door(Predicate<InetAddress> trusted) throws Exception {
        return Door.open(new IngressOptions(
                Door.DOMAIN, null, trusted, IngressOptions.Deadlines.DEFAULT, null, "", THREE_AN_HOUR));
    }

    private static Answer get(RawVisitor visitor, String host, String more) throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n".formatted(host, more));
        return visitor.awaitAnswer();
    }

    @Test
    void whoAsksTooOftenIsToldWhenToComeBackWhateverItAsksFor() throws Exception {
        try (Door door = door(peer -> false)) {
            for (int i = 0; i < 3; i++) {
                assertEquals(404, get(door.visitor(), "nobody.example.com", "").status());
            }

            Answer answer = get(door.visitor(), Door.HOST, "");

            assertEquals(429, answer.status());
            assertEquals("too_many_requests", answer.field("culvert-error"));
            int wait = Integer.parseInt(answer.field("retry-after"));
            assertTrue(wait > 1100 && wait <= 1200, "a third of an hour, was " + wait);
            assertEquals(200, get(door.visitor(), Door.DOMAIN, "").status(), "the edge's own host");
        }
    }

    @Test
    void requestThatIsRefusedLeavesTheConnectionUsable() throws Exception {
        try (Door door = door(peer -> false)) {
            RawVisitor visitor = door.visitor();
            for (int i = 0; i < 3; i++) {
                get(visitor, "nobody.example.com", "");
            }

            assertEquals(429, get(visitor, "nobody.example.com", "").status());
            assertEquals(200, get(visitor, Door.DOMAIN, "").status());
        }
    }

    @Test
    void behindAProxyItIsTheVisitorWhoIsCounted() throws Exception {
        try (Door door = door(InetAddress::isLoopbackAddress)) {
            RawVisitor proxy = door.visitor();
            for (int i = 0; i < 3; i++) {
                assertEquals(
                        404,
                        get(proxy, "nobody.example.com", "X-Forwarded-For: 198.51.100.%d, 203.0.113.1\r\n".formatted(i))
                                .status());
            }

            assertEquals(
                    429,
                    get(proxy, "nobody.example.com", "X-Forwarded-For: 203.0.113.1:4567, [::1]:80, 127.0.0.1\r\n")
                            .status());
            assertEquals(
                    404,
                    get(proxy, "nobody.example.com", "X-Forwarded-For: 203.0.113.2\r\n")
                            .status());
            for (int i = 0; i < 5; i++) {
                assertEquals(404, get(proxy, "nobody.example.com", "").status(), "the proxy itself");
            }
        }
    }

    @Test
    void connectionsForRawTcpCountAndAreClosed() throws Exception {
        try (Door door = door(peer -> false)) {
            door.registry.know(door.tcpTunnel());
            for (int i = 0; i < 3; i++) {
                door.tcpVisitor();
                door.carriers.awaitStream();
            }

            assertEquals("", door.tcpVisitor().awaitEnd());
        }
    }

    @Test
    void householdCountsAsOneByIpv6() throws Exception {
        VisitorRates rates = new VisitorRates(new Rate(1, Duration.ofHours(1)), peer -> false);

        assertEquals(0, rates.waitSeconds(InetAddress.getByName("2001:db8:0:1::1")));
        assertTrue(rates.waitSeconds(InetAddress.getByName("2001:db8:0:1:ffff::2")) > 3500);
        assertEquals(0, rates.waitSeconds(InetAddress.getByName("2001:db8:0:2::1")));
        assertEquals(0, rates.waitSeconds(InetAddress.getByName("192.0.2.1")));
        assertEquals(0, rates.waitSeconds(InetAddress.getByName("192.0.2.2")));
    }

    @Test
    void whoWaitsMayAskAgain() throws Exception {
        VisitorRates rates = new VisitorRates(new Rate(1000, Duration.ofSeconds(1)), peer -> false);
        InetAddress visitor = InetAddress.getByName("192.0.2.1");
        while (rates.waitSeconds(visitor) == 0) {
            Thread.onSpinWait();
        }

        while (rates.waitSeconds(visitor) > 0) {
            Thread.onSpinWait();
        }
    }
}

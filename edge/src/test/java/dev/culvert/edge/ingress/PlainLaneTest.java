package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.RawLane;
import dev.culvert.edge.testkit.RawVisitor;
import io.netty.channel.Channel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Agents at the visitor port without TLS: who of them may, and who hears why not. */
class PlainLaneTest {
    private static final String FROM_AFAR = "PROXY TCP4 203.0.113.9 198.51.100.1 5000 80\r\n";

    private final BlockingQueue<Channel> lanes = new LinkedBlockingQueue<>();
    private Door door;

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void agentOfThisMachineMay() throws Exception {
        open(false, false);

        assertEquals(101, upgrade("", "").status());
        assertNotNull(lanes.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void agentOfAnotherMachineIsToldWhatWouldHelp() throws Exception {
        open(true, false);

        RawVisitor.Answer answer = upgrade(FROM_AFAR, "");

        assertRefused(answer);
        for (String help : new String[] {"https://", "--trusted-proxies", "X-Forwarded-Proto", "--insecure"}) {
            assertTrue(answer.body().contains(help), answer.body());
        }
    }

    @Test
    void agentOfAnotherMachineMayWhereTheOperatorSaysSo() throws Exception {
        open(true, true);

        assertEquals(101, upgrade(FROM_AFAR, "").status());
    }

    @Test
    void whatAnAgentSaysOfItselfDoesNotCount() throws Exception {
        open(true, false);

        assertRefused(upgrade(FROM_AFAR, "X-Forwarded-Proto: https\r\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https", "HTTPS", "http, https"})
    void trustedProxyThatEndedTlsLetsItIn(String protocol) throws Exception {
        open(true, false);

        assertEquals(
                101,
                upgrade("", "X-Forwarded-Proto: %s\r\n".formatted(protocol)).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https, http", "", "https\r\nX-Forwarded-Proto: http"})
    void trustedProxyThatDoesNotSaySoKeepsItOut(String protocol) throws Exception {
        open(true, false);

        assertRefused(upgrade("", "X-Forwarded-Proto: %s\r\n".formatted(protocol)));
    }

    private void open(boolean trustsThisMachine, boolean insecure) throws Exception {
        IngressOptions options = Door.options(peer -> trustsThisMachine && peer.isLoopbackAddress());
        door = Door.open(options, LaneDoor.to(lanes::add, insecure));
    }

    private RawVisitor.Answer upgrade(String before, String field) throws Exception {
        String request = RawLane.upgrade(Door.DOMAIN).replace("Connection:", field + "Connection:");
        return door.visitor().send(before + request).awaitAnswer();
    }

    private void assertRefused(RawVisitor.Answer answer) {
        assertEquals(403, answer.status(), answer.head());
        assertEquals("lane_refused", answer.field("culvert-error"));
        assertEquals(0, lanes.size());
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A tunnel that sets a time within which its target must begin to answer. The clock of these tests is another visitor's 504: who
 * began before it has had its time as well.
 */
@ExtendWith(LeakFree.class)
@Timeout(60)
class ResponseTimeoutTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 6\r\n\r\nabc";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    private static final int MILLIS = 1000;

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        know(Door.HOST, MILLIS);
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void targetThatSaysNothingIsNotWaitedForAnyLonger() throws Exception {
        RawVisitor visitor = door.visitor().send(GET);
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        Answer answer = visitor.awaitAnswer();

        assertEquals(504, answer.status());
        assertEquals("target_too_late", answer.field("culvert-error"));
        assertTrue(answer.body().contains("did not begin to answer within 1s"), answer.body());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
        assertEquals(504, target.awaitReport().status());
        assertEquals(0, door.carriers.unseenStreams(), "it may have done what was asked of it: no second time");
        assertEquals("ok", again(visitor).body(), "the visitor's connection goes on");
    }

    @Test
    void timeOfAVisitorIsNotTheTargets() throws Exception {
        RawVisitor slow = door.visitor().send(POST);
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");

        awaitTimeout();
        slow.send("def");
        target.awaitText("def");
        target.send(OK + "ok");

        assertEquals("ok", slow.awaitAnswer().body());
    }

    @Test
    void targetThatDoesNotReadTheRequestIsNotWaitedForEither() throws Exception {
        RawVisitor visitor = door.visitor().send(POST);
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("abc");
        target.takesMore(false);
        visitor.send("d");

        assertEquals(504, visitor.awaitAnswer().status());
        assertEquals(CloseReason.CANCELLED, target.awaitReset());
    }

    @Test
    void targetThatLeavesWhoAsksWithoutAContinueIsNotWaitedForEither() throws Exception {
        RawVisitor visitor = door.visitor()
                .send("PUT / HTTP/1.1\r\nHost: app.example.com\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
        door.carriers.awaitStream().awaitHead();

        assertEquals(504, visitor.awaitAnswer().status());
    }

    @Test
    void answerThatHasBegunMayTakeAsLongAsItTakes() throws Exception {
        RawVisitor visitor = door.visitor().send(GET);
        FakeTarget target = door.carriers.awaitStream();
        target.send(OK);
        target.awaitConsumed();

        awaitTimeout();
        assertFalse(target.wasReset());
        target.send("ok");

        assertEquals("ok", visitor.awaitAnswer().body());
    }

    @Test
    void whatWasUpgradedMayTakeAsLongAsItTakes() throws Exception {
        RawVisitor visitor = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
        visitor.awaitText("\r\n\r\n");

        awaitTimeout();
        visitor.send("hello");

        target.awaitText("hello");
        assertFalse(target.wasReset());
    }

    /** RFC 2518, 10.1: a 102 says that it takes long and goes on. */
    @Test
    void targetThatSaysThatItIsAtItHasItsTimeAgain() throws Exception {
        know("slow.example.com", 3 * MILLIS);
        RawVisitor visitor = door.visitor().send("GET / HTTP/1.1\r\nHost: slow.example.com\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        RawVisitor clock = door.visitor().send("GET / HTTP/1.1\r\nHost: slow.example.com\r\n\r\n");
        door.carriers.awaitStream();

        awaitTimeout();
        target.send("HTTP/1.1 102 Processing\r\n\r\n");
        assertEquals(504, clock.awaitAnswer().status());
        target.send(OK + "ok");

        visitor.awaitText("102 Processing\r\n\r\n");
        assertEquals("ok", visitor.awaitAnswer().body());
    }

    @Test
    void targetOfATunnelThatSetsNoTimeMayTakeAsLongAsItTakes() throws Exception {
        know("patient.example.com", 0);
        RawVisitor visitor = door.visitor().send("GET / HTTP/1.1\r\nHost: patient.example.com\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();

        awaitTimeout();
        target.send(OK + "ok");

        assertEquals("ok", visitor.awaitAnswer().body());
    }

    /** As long as the tunnel gives its target. */
    private void awaitTimeout() throws Exception {
        RawVisitor clock = door.visitor().send(GET);
        door.carriers.awaitStream();
        assertEquals(504, clock.awaitAnswer().status());
    }

    private Answer again(RawVisitor visitor) throws Exception {
        visitor.send(GET);
        door.carriers.awaitStream().send(OK + "ok");
        return visitor.awaitAnswer();
    }

    private void know(String host, int timeoutMillis) {
        door.registry.know(FakeRegistry.tunnel(
                host,
                new Tunnel.Policy("preserve", "127.0.0.1:3000", timeoutMillis, false, Admission.EVERYBODY),
                Set.of(FakeRegistry.CLAIM)));
    }
}

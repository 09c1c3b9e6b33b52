package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A retry is sound or it does not happen. */
class RetryTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private Door door;
    private RawVisitor visitor;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.carriers.number(3);
        visitor = door.visitor();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @ParameterizedTest
    @CsvSource({
        // A refusal that proves that nothing was delivered: anything is tried again.
        "POST, NOT_HELD,       0,  true",
        "POST, DRAINING,       0,  true",
        "POST, DRAINING,       -1, true",
        "POST, TARGET_REFUSED, 0,  true",
        "POST, LANE_LOST,      0,  true",
        "GET,  NOT_HELD,       0,  true",
        // Lost: only what may happen twice.
        "GET,  LANE_LOST,      -1, true",
        "PUT,  LANE_LOST,      -1, true",
        "POST, LANE_LOST,      -1, false",
        "PATCH, LANE_LOST,     -1, false",
        "POST, LANE_LOST,      5,  false",
        "GET,  SILENT,         -1, true",
        // Neither: the target, or somebody, took it and failed.
        "GET,  TARGET_FAILED,  -1, false",
        "GET,  INTERNAL,       -1, false",
        "POST, DRAINING,       5,  false",
    })
    void requestIsTriedAgainWhenThatIsSound(String method, CloseReason reason, long delivered, boolean again)
            throws Exception {
        visitor.send(method + " / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 3\r\n\r\nabc");
        FakeTarget first = door.carriers.awaitStream();
        first.awaitText("abc");

        first.reset(reason, delivered, "");

        if (again) {
            FakeTarget second = door.carriers.awaitStream();
            assertTrue(second.awaitText("abc").startsWith(method + " / "));
            assertEquals(1, second.request().attempt());
            second.send(OK);
            assertEquals("ok", visitor.awaitAnswer().body());
        } else {
            assertEquals(502, visitor.awaitAnswer().status());
            assertEquals(0, door.carriers.unseenStreams());
        }
    }

    @Test
    void secondAttemptGoesToWhereTheAgentIsByThen() throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        FakeTarget first = door.carriers.awaitStream();
        Tunnel moved = FakeRegistry.tunnel(
                "app.example.com",
                new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY),
                Set.of(new Claim("node-2", "lane-2", "agent-1")));
        door.registry.know(moved);

        first.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        door.carriers.awaitStream().send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
        assertEquals(moved, door.carriers.wanted);
    }

    /** Let in by a copy of the registry that was stale, and by its conditions. */
    @Test
    void secondAttemptDoesNotGoWhereTheVisitorWasNotLookedAt() throws Exception {
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        FakeTarget first = door.carriers.awaitStream();
        Admission closed = Admission.EVERYBODY.withPasswords(Set.of(Password.parse("ann:long enough")));
        door.registry.know(FakeRegistry.tunnel(
                "app.example.com",
                new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, closed),
                Set.of(new Claim("node-2", "lane-2", "agent-2"))));

        first.reset(CloseReason.NOT_HELD, 0, "");

        assertEquals(503, visitor.awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void bodyThatIsNotWholeYetGoesOnBehindItsReplay() throws Exception {
        visitor.send("PUT / HTTP/1.1\r\nHost: app.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        FakeTarget first = door.carriers.awaitStream();
        first.awaitText("abc\r\n");
        first.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");
        FakeTarget second = door.carriers.awaitStream();
        second.awaitText("abc\r\n");

        visitor.send("3\r\ndef\r\n0\r\n\r\n");

        assertEquals("3\r\ndef\r\n0\r\n\r\n", second.awaitText("0\r\n\r\n"));
    }

    @Test
    void bodyBeyondTheReplayBufferIsNotTriedAgain() throws Exception {
        visitor.send(
                "PUT / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 70000\r\n\r\n" + "x".repeat(69_999) + "y");
        FakeTarget first = door.carriers.awaitStream();
        first.awaitText("y");

        first.reset(CloseReason.NOT_HELD, 0, "");

        assertEquals(503, visitor.awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void onceAByteOfTheAnswerHasComeThereIsNoRetry() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();

        first.send("HTT");
        first.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @ParameterizedTest
    @CsvSource({"GET, true", "POST, false"})
    void targetThatClosedItsKeptConnectionIsAskedAgainForWhatMayHappenTwice(String method, boolean again)
            throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        first.send(OK);
        visitor.awaitAnswer();
        visitor.send(method + " /2 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0\r\n\r\n");
        first.awaitHead();

        first.finish();

        if (again) {
            FakeTarget second = door.carriers.awaitStream();
            assertTrue(second.awaitHead().startsWith("GET /2 "));
            second.send(OK);
            assertEquals(200, visitor.awaitAnswer().status());
        } else {
            assertEquals(502, visitor.awaitAnswer().status());
            assertEquals(0, door.carriers.unseenStreams());
        }
    }

    @Test
    void offsetsCountFromTheRequestNotFromTheStream() throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        first.send(OK);
        visitor.awaitAnswer();
        long before = first.delivered();
        visitor.send("POST /2 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0\r\n\r\n");
        first.awaitHead();

        first.reset(CloseReason.LANE_LOST, before, "");

        assertTrue(door.carriers.awaitStream().awaitHead().startsWith("POST /2 "));
    }

    @Test
    void closedWithoutAnAnswerOnAFreshStreamIsA502() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();

        first.finish();

        Answer answer = visitor.awaitAnswer();
        assertEquals(502, answer.status());
        assertEquals("target_failed", answer.field("culvert-error"));
        assertEquals(502, first.awaitReport().status());
    }

    @Test
    void agentHearsOfARequestThatItsTargetBrokeOff() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();

        first.reset(CloseReason.TARGET_FAILED, StreamReset.UNKNOWN, "");

        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(502, first.awaitReport().status());
    }

    @Test
    void requestThatWasTriedAgainIsToldOnceAndAsItEnded() throws Exception {
        visitor.send(Door.get("/1"));
        FakeTarget kept = door.carriers.awaitStream();
        kept.send(OK);
        visitor.awaitAnswer();
        assertEquals(200, kept.awaitReport().status());
        visitor.send(Door.get("/2"));
        kept.awaitText("/2");
        kept.finish();
        FakeTarget second = door.carriers.awaitStream();
        second.awaitHead();

        second.finish();

        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(502, second.awaitReport().status());
        assertTrue(second.reports.isEmpty());
        assertTrue(kept.reports.isEmpty());
    }

    @Test
    void threeAttemptsAndNoMore() throws Exception {
        visitor.send(Door.get("/"));
        for (int attempt = 0; attempt < 3; attempt++) {
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            assertEquals(attempt, target.request().attempt());
            target.reset(CloseReason.TARGET_REFUSED, 0, "connection to 127.0.0.1:3000 refused");
        }

        Answer answer = visitor.awaitAnswer();

        assertEquals(502, answer.status());
        assertEquals("target_refused", answer.field("culvert-error"));
        assertTrue(answer.body().contains("127.0.0.1:3000"), answer.body());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @ParameterizedTest
    @EnumSource(
            value = CloseReason.class,
            names = {"NOT_HELD", "DRAINING", "LANE_LOST"})
    void carrierThatDoesNotOpenIsSkipped(CloseReason reason) throws Exception {
        door.carriers.refuse(reason);
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 3\r\n\r\nabc");

        FakeTarget second = door.carriers.awaitStream();

        assertEquals(1, second.request().attempt());
        second.awaitText("abc");
    }

    @Test
    void staleHolderIsLookedUpOnceAtTheOwner() throws Exception {
        door.carriers.number(1);
        door.carriers.refuse(CloseReason.NOT_HELD);
        visitor.send(Door.get("/"));

        Answer answer = visitor.awaitAnswer();

        assertEquals(503, answer.status());
        assertEquals(1, door.registry.confirmed.size());
    }

    @Test
    void holderThatWasLostIsLookedUpOnceAtTheOwnerAndTriedOnceMore() throws Exception {
        door.carriers.number(1);
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        first.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        FakeTarget second = door.carriers.awaitStream();

        assertEquals(1, second.request().attempt());
        assertEquals(first.request().traceId(), second.request().traceId());
        assertEquals(1, door.registry.confirmed.size());
        second.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");
        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(1, door.registry.confirmed.size());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void holderThatWasLostAndThatTheOwnerKnowsNoMoreIsNotTriedAgain() throws Exception {
        door.carriers.number(1);
        visitor.send(Door.get("/"));
        door.registry.forgetAtOwner("app.example.com");
        door.carriers.awaitStream().reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        assertEquals(502, visitor.awaitAnswer().status());

        assertEquals(1, door.registry.confirmed.size());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void holderThatWasLostAndMayBeDeadIsNotWaitedForTwice() throws Exception {
        door.carriers.number(1);
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        door.carriers.doubtful = true;
        first.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        assertEquals(502, visitor.awaitAnswer().status());

        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void targetSeesNothingOfAVisitorWhoLeftBeforeTheRetry() throws Exception {
        visitor.send(Door.get("/"));
        FakeTarget first = door.carriers.awaitStream();
        first.awaitHead();
        visitor.reset();
        first.awaitReset();

        assertEquals(0, door.carriers.unseenStreams());
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.UnreadPolicy;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A visitor whose bytes are carried untouched. */
class RawVisitTest {
    private Door door;
    private Tunnel tunnel;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.carriers.number(3);
        tunnel = door.tcpTunnel();
        door.registry.know(tunnel);
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void bytesGoBothWaysUntouched() throws Exception {
        RawVisitor visitor = door.tcpVisitor().send("GET / HTTP/9.9\r\n\r\n\0\u00ff");
        FakeTarget target = door.carriers.awaitStream();

        target.awaitText("GET / HTTP/9.9\r\n\r\n\0\u00ff");
        target.send("\u0016\u0003\u0001");

        visitor.awaitText("\u0016\u0003\u0001");
        target.awaitConsumed();
        assertEquals(20, door.traffic.of(tunnel.key()).bytesIn());
        assertEquals(3, door.traffic.of(tunnel.key()).bytesOut());
    }

    @Test
    void targetThatSpeaksFirstIsHeard() throws Exception {
        RawVisitor visitor = door.tcpVisitor();

        door.carriers.awaitStream().send("SSH-2.0-x\r\n");

        visitor.awaitText("SSH-2.0-x\r\n");
    }

    @Test
    void streamSaysWhoCameAndWhere() throws Exception {
        door.tcpVisitor();

        StreamRequest request = door.carriers.awaitStream().request();

        assertEquals(tunnel.key().value(), request.tunnel());
        assertEquals(StreamRequest.Kind.TCP, request.kind());
        assertTrue(request.visitor().startsWith("127.0.0.1:"), request.visitor());
        assertEquals("127.0.0.1:" + tunnel.key().name(), request.reached());
    }

    @Test
    void visitorThatShutsItsWritingSideGetsTheWholeAnswer() throws Exception {
        RawVisitor visitor = door.tcpVisitor().send("question");
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("question");
        target.awaitFinish();

        target.send("the whole answer");
        target.finish();

        assertEquals("the whole answer", visitor.awaitEnd());
        assertFalse(target.wasReset());
    }

    @Test
    void targetThatFinishesFirstIsStillWrittenTo() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        target.send("all there is");
        target.finish();
        assertEquals("all there is", visitor.awaitEnd());

        visitor.send("thanks");

        target.awaitText("thanks");
        visitor.finish();
        target.awaitFinish();
    }

    @Test
    void visitorThatResetsResetsTheStream() throws Exception {
        RawVisitor visitor = door.tcpVisitor().send("x");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("x");

        visitor.reset();

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
    }

    @Test
    void streamThatBreaksResetsTheVisitor() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        target.send("half of i");
        visitor.awaitText("half of i");

        target.reset(CloseReason.TARGET_FAILED, StreamReset.UNKNOWN, "");

        visitor.awaitReset();
    }

    @Test
    void visitorWhoReadsNothingIsLetGoWhenItsStreamBreaks() throws Exception {
        door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        target.send("x".repeat(16 * 1024 * 1024)); // More than the sockets between the two hold.

        target.reset(CloseReason.LANE_LOST, StreamReset.UNKNOWN, "");

        awaitNobody();
    }

    @Test
    void slowTargetStopsTheVisitor() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        target.takesMore(false);
        target.send("go");
        visitor.awaitText("go");
        // More than the sockets between the two hold.
        FutureTask<Void> flooding = new FutureTask<>(() -> {
            visitor.send("x".repeat(16 * 1024 * 1024));
            return null;
        });
        new Thread(flooding).start();
        assertThrows(TimeoutException.class, () -> flooding.get(300, TimeUnit.MILLISECONDS));
        assertTrue(target.delivered() < 1024 * 1024, "held " + target.delivered());

        target.takesMore(true);

        flooding.get(30, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({
        "NOT_HELD,       0,  true",
        "DRAINING,       0,  true",
        "DRAINING,       -1, true",
        "TARGET_REFUSED, 0,  true",
        "LANE_LOST,      0,  true",
        "LANE_LOST,      -1, false",
        "LANE_LOST,      3,  false",
        "SILENT,         -1, false",
        "TARGET_FAILED,  0,  false",
        "OVERLOADED,     0,  true",
        "OVERLOADED,     -1, false",
        "OVERLOADED,     3,  false",
    })
    void streamIsOpenedAgainAfterAnExplicitRefusalOnly(CloseReason reason, long delivered, boolean again)
            throws Exception {
        RawVisitor visitor = door.tcpVisitor().send("hello");
        visitor.finish();
        FakeTarget first = door.carriers.awaitStream();
        first.awaitText("hello");
        first.awaitFinish();

        first.reset(reason, delivered, "");

        if (again) {
            FakeTarget second = door.carriers.awaitStream();
            second.awaitText("hello");
            second.awaitFinish();
            assertEquals(1, second.request().attempt());
            second.send("welcome");
            second.finish();
            assertEquals("welcome", visitor.awaitEnd());
            assertEquals(1, door.traffic.opensRefused().of(reason));
        } else {
            visitor.awaitReset();
            assertEquals(0, door.carriers.unseenStreams());
        }
        assertEquals(1, door.traffic.of(tunnel.key()).requests());
    }

    @Test
    void streamWhoseTargetHasSpokenIsNotOpenedAgain() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget first = door.carriers.awaitStream();
        first.send("hello");
        visitor.awaitText("hello");

        first.reset(CloseReason.DRAINING, 0, "");

        assertEquals("", visitor.awaitEnd());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void streamThatWasSentMoreThanIsKeptIsNotOpenedAgain() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget first = door.carriers.awaitStream();
        visitor.send("x".repeat(100_000) + "y");
        first.awaitText("y");

        first.reset(CloseReason.NOT_HELD, 0, "");

        assertEquals("", visitor.awaitEnd());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorIsClosedCleanlyWhenEverybodyRefuses() throws Exception {
        for (int i = 0; i < 3; i++) {
            door.carriers.refuse(CloseReason.TARGET_REFUSED);
        }
        RawVisitor visitor = door.tcpVisitor().send("hello");

        assertEquals("", visitor.awaitEnd());
        visitor.close();

        assertEquals(3, door.traffic.opensRefused().of(CloseReason.TARGET_REFUSED));
        assertEquals(1, door.traffic.turnedAway().of(CloseReason.TARGET_REFUSED));
        awaitNobody();
    }

    @Test
    void visitorIsClosedCleanlyWhenNobodyServesTheName() throws Exception {
        door.carriers.number(0);
        RawVisitor visitor = door.tcpVisitor().send("hello");

        assertEquals("", visitor.awaitEnd());

        assertEquals(1, door.traffic.turnedAway().of(CloseReason.NOT_HELD));
        assertEquals(List.of(tunnel.key()), door.registry.confirmed);
    }

    @Test
    void visitorOfAPortThatNoTunnelHasIsClosed() throws Exception {
        door.registry.giveUp(tunnel.key(), tunnel.claims().iterator().next());

        assertEquals("", door.tcpVisitor().awaitEnd());

        assertEquals(List.of(tunnel.key()), door.registry.confirmed);
        assertEquals(1, door.traffic.turnedAway().of(CloseReason.NOT_HELD));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void portThatThisNodeHasNotHeardOfIsAskedFor() throws Exception {
        door.registry.knowAtOwner(tunnel);
        RawVisitor visitor = door.tcpVisitor().send("hello");

        FakeTarget target = door.carriers.awaitStream();
        target.awaitText("hello");

        target.send("found");
        visitor.awaitText("found");
        assertEquals(5, door.traffic.of(tunnel.key()).bytesIn());
    }

    @Test
    void tunnelOfAnotherKindIsNone() throws Exception {
        door.registry.know(new Tunnel(tunnel.key(), "owner", 0, "http", tunnel.policy(), tunnel.claims(), 0));

        assertEquals("", door.tcpVisitor().awaitEnd());

        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorOfANetworkThatIsNotLetInIsClosed() throws Exception {
        Admission admission = Admission.EVERYBODY.withNetworks(Networks.parse("192.0.2.0/24"));
        Tunnel.Policy policy = new Tunnel.Policy("preserve", "127.0.0.1:22", 0, false, admission);
        door.registry.know(new Tunnel(tunnel.key(), "owner", 0, "tcp", policy, tunnel.claims(), 0));

        assertEquals("", door.tcpVisitor().awaitEnd());

        assertEquals(1, door.traffic.turnedAway().of(CloseReason.NOT_ADMITTED));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorOfATunnelWithARestrictionThatIsNotKnownIsClosed() throws Exception {
        UnreadPolicy unread = new UnreadPolicy(Set.of("countries"), Buffer.buffer("as it was written"));
        Tunnel.Policy policy =
                new Tunnel.Policy("preserve", "127.0.0.1:22", 0, false, Admission.EVERYBODY, null, unread);
        door.registry.know(new Tunnel(tunnel.key(), "owner", 0, "tcp", policy, tunnel.claims(), 0));

        assertEquals("", door.tcpVisitor().awaitEnd());

        assertEquals(1, door.traffic.turnedAway().of(CloseReason.NOT_ADMITTED));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void drainLetsItFinish() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        var drained = door.visitorPort.drain();

        target.send("still here");
        visitor.awaitText("still here");

        assertFalse(drained.isComplete());
        target.finish();
        visitor.finish();
        drained.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
        assertEquals(0, door.traffic.visitors());
    }

    @Test
    void visitorIsCountedWhileItIsHere() throws Exception {
        RawVisitor visitor = door.tcpVisitor();
        FakeTarget target = door.carriers.awaitStream();
        assertEquals(1, door.traffic.of(tunnel.key()).visitors());

        visitor.finish();
        target.awaitFinish();
        target.finish();
        visitor.awaitEnd();

        awaitNobody();
        assertEquals(Set.of(tunnel.key()), door.traffic.byTunnel().keySet());
    }

    private void awaitNobody() throws Exception {
        door.visitorPort.drain().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
        assertEquals(0, door.traffic.visitors());
    }
}

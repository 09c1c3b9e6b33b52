package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.PlayedAgent;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three nodes: which carriers there are, and in which order. */
class ClusterCarriersTest {
    private static Nodes nodes;

    private final List<Carrier> heldByB = new CopyOnWriteArrayList<>();
    private final List<Carrier> heldByC = new CopyOnWriteArrayList<>();
    private Relay a;
    private Relay b;
    private Relay c;
    private EventLoop visitorLoop;

    @BeforeAll
    static void startNodes() {
        nodes = Nodes.start(3);
    }

    @AfterAll
    static void stopNodes() {
        nodes.close();
    }

    @BeforeEach
    void startRelays() {
        visitorLoop = Sockets.eventLoopOf(nodes.get(0).vertx().getOrCreateContext());
        a = startRelay(nodes.get(0), List.of());
        b = startRelay(nodes.get(1), heldByB);
        c = startRelay(nodes.get(2), heldByC);
        Nodes.await(a.meet(b.nodeId()));
        Nodes.await(a.meet(c.nodeId()));
    }

    @AfterEach
    void stopRelays() {
        List.of(a, b, c).forEach(relay -> Nodes.await(relay.close()));
    }

    private static Relay startRelay(Nodes.Node node, List<Carrier> held) {
        return Nodes.await(Relay.start(node.vertx(), node.id(), key -> held, new WindowBudget(64L * 1024 * 1024)));
    }

    @Test
    void ownLanesComeFirstAndThenEachOtherNode() {
        PlayedAgent own = PlayedAgent.beside(nodes.get(0));
        Tunnel tunnel = heldBy(claim(a, "1"), claim(b, "2"), claim(b, "3"), claim(c, "4"));
        List<Carrier> carriers = new ClusterCarriers(t -> List.of(own), a).to(tunnel);
        assertSame(own, carriers.get(0));
        assertEquals(Set.of(b.nodeId(), c.nodeId()), new HashSet<>(nodesOf(carriers.subList(1, 3))));
        // And at the end the one that has a second lane, should the first refuse
        assertEquals(List.of(b.nodeId()), nodesOf(carriers.subList(3, carriers.size())));
        assertEquals(carriers.size(), new HashSet<>(carriers).size());
        assertEquals(List.of(), new ClusterCarriers(t -> List.of(), a).to(heldBy(claim(a, "1"))));
        own.close();
    }

    @Test
    void nodeThatHoldsNothingPassesNoStreamOn() throws Exception {
        // Given B, which the registry of A says to be a holder, and C, which really is one
        PlayedAgent agent = PlayedAgent.beside(nodes.get(2));
        heldByC.add(agent);
        StreamReset reset =
                Pair.open(a, visitorLoop, b, Pair.REQUEST).read().send("x").awaitReset();
        assertEquals(CloseReason.NOT_HELD, reset.reason());
        assertTrue(reset.provesUndelivered(0));
        // Then whoever asks C itself is the first that C hears of
        Conversation visitor = Pair.open(a, visitorLoop, c, Pair.REQUEST).read().send("y");
        agent.awaitStream().echo();
        visitor.awaitText("y");
        assertEquals(0, agent.unseenStreams());
        visitor.reset(CloseReason.CANCELLED, "");
        agent.close();
    }

    @Test
    void lessLoadedOfTwoIsAskedFirst() throws Exception {
        PlayedAgent agent = PlayedAgent.beside(nodes.get(1));
        heldByB.add(agent);
        Conversation open = Pair.open(a, visitorLoop, b, Pair.REQUEST).read().send("x");
        agent.awaitStream().echo();
        open.awaitText("x");
        Tunnel tunnel = heldBy(claim(b, "1"), claim(c, "2"));
        for (int i = 0; i < 20; i++) {
            List<Carrier> carriers = new ClusterCarriers(t -> List.of(), a).to(tunnel);
            assertEquals(List.of(c.nodeId(), b.nodeId()), nodesOf(carriers));
        }
        open.reset(CloseReason.CANCELLED, "");
        agent.close();
    }

    @Test
    void nodeWhoseLinkWasLostIsAskedLast() throws Exception {
        // Given a claim of a node that cannot be reached
        Claim lost = new Claim("a-node-that-is-gone", "1", "instance-1");
        Tunnel tunnel = heldBy(lost, claim(c, "2"));
        TunnelStream stream = visitorLoop
                .submit(() -> a.open(lost.node(), Pair.REQUEST, visitorLoop))
                .get();
        new Conversation(stream, Pair.REQUEST).read().awaitReset();
        Awaitility.await().until(() -> a.isDoubtful(lost.node()));
        for (int i = 0; i < 20; i++) {
            List<Carrier> carriers = new ClusterCarriers(t -> List.of(), a).to(tunnel);
            assertEquals(List.of(c.nodeId(), lost.node()), nodesOf(carriers));
        }
    }

    @Test
    void nodeThatIsAboutToStopIsAskedAfterOthersAndBeforeOneThatMayBeDead() {
        Claim dead = new Claim("a-node-that-is-dead", "1", "instance-1");
        b.drain();
        Awaitility.await().until(() -> a.isDraining(b.nodeId()));
        a.nodeLeft(dead.node());
        Awaitility.await().until(() -> a.isDoubtful(dead.node()));
        Tunnel tunnel = heldBy(dead, claim(b, "2"), claim(c, "3"));
        for (int i = 0; i < 20; i++) {
            List<Carrier> carriers = new ClusterCarriers(t -> List.of(), a).to(tunnel);
            assertEquals(List.of(c.nodeId(), b.nodeId(), dead.node()), nodesOf(carriers));
        }
    }

    private static List<String> nodesOf(List<Carrier> carriers) {
        List<String> ids = new ArrayList<>();
        carriers.forEach(carrier -> ids.add(((RelayCarrier) carrier).node()));
        return ids;
    }

    private static Claim claim(Relay node, String lane) {
        return new Claim(node.nodeId(), lane, "instance-" + lane);
    }

    private static Tunnel heldBy(Claim... claims) {
        return new Tunnel(
                new TunnelKey(Pair.REQUEST.tunnel()),
                "ann",
                1,
                "http",
                new Tunnel.Policy("preserve", "3000", 0, true, Admission.EVERYBODY),
                Arrays.stream(claims).collect(Collectors.toSet()),
                0);
    }
}

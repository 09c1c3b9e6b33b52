package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node that the cluster has lost. */
class NodeDeathTest {
    private Nodes nodes;
    private Pair pair;

    @BeforeEach
    void start() {
        nodes = Nodes.start(2);
        pair = new Pair(nodes);
        nodes.get(0).member().onNodeLeft(pair.ingress::nodeLeft);
        nodes.get(1).member().onNodeLeft(pair.holder::nodeLeft);
    }

    @AfterEach
    void stop() {
        pair.agent.close();
        nodes.close();
    }

    @Test
    void deadHolderResetsItsStreamsAtOnce() throws Exception {
        Conversation visitor = pair.visit().read().send("x");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("x");
        // When it is dead to the cluster, though its event bus still answers pings
        nodes.kill(nodes.get(1));
        StreamReset reset = visitor.awaitReset();
        assertEquals("the other node has left the cluster", reset.detail());
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertFalse(reset.provesUndelivered(0));
    }

    @Test
    void deadNodeOfTheVisitorsResetsTheTargetsStreamsAtOnce() throws Exception {
        Conversation visitor = pair.visit().read().send("x");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("x");
        nodes.kill(nodes.get(0));
        StreamReset reset = target.awaitReset();
        assertEquals("the other node has left the cluster", reset.detail());
        // Then the one that was left for dead is told, and does not hang either
        visitor.awaitReset();
    }
}

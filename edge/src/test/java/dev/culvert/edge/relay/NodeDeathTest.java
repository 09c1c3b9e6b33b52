package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node that the cluster has lost. */
class NodeDeathTest {
    private Nodes nodes;
    private Pair pair;

    @BeforeEach
    void start() {
        nodes = Nodes.start(3);
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
        target.send("y");
        visitor.awaitText("y");
        // When it is dead to the cluster, though its event bus still answers pings
        nodes.kill(nodes.get(1));
        StreamReset reset = visitor.awaitReset();
        assertEquals("the other node has left the cluster", reset.detail());
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertFalse(reset.provesUndelivered(0));
        // And as long as it may still be named as a holder, others are asked first
        assertTrue(pair.ingress.isDoubtful(pair.holder.nodeId()));
    }

    @Test
    void deathOfAThirdNodeHarmsNoStreamOfTheOthers() throws Exception {
        Conversation open = pair.visit().read().send("a");
        pair.agent.awaitStream().echo();
        open.awaitText("a");
        CountDownLatch gone = new CountDownLatch(2);
        nodes.get(0).member().onNodeLeft(node -> gone.countDown());
        nodes.get(1).member().onNodeLeft(node -> gone.countDown());
        nodes.kill(nodes.get(2));
        // When streams come all the while, until long after the two have seen the third one go
        pair.agent.echoAll();
        int rounds = 0;
        for (int after = 0; after < 200; after += gone.getCount() == 0 ? 1 : 0) {
            Conversation visitor = pair.visit().read().send(20_000, rounds);
            visitor.awaitEnd();
            assertTrue(visitor.isFinished(), "stream " + rounds + " was reset");
            assertEquals(Conversation.sha256OfSent(20_000, rounds), visitor.sha256OfReceived());
            rounds++;
        }
        open.send("b");
        open.awaitText("ab");
    }

    @Test
    void deadNodeOfTheVisitorsResetsTheTargetsStreamsAtOnce() throws Exception {
        Conversation visitor = pair.visit().read().send("x");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("x");
        target.send("y");
        visitor.awaitText("y");
        nodes.kill(nodes.get(0));
        StreamReset reset = target.awaitReset();
        assertEquals("the other node has left the cluster", reset.detail());
        // Then the one that was left for dead is told, and does not hang either
        visitor.awaitReset();
    }
}

package dev.culvert.edge.relay;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.PlayedAgent;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.StreamReset;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameReader;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RelayTest {
    private static final long MIB = 1024 * 1024;

    /**
     * What one end may send while the other reads nothing: a window for the lane; one for the link, which doubles when 128 KiB
     * have gone through and again after 384, as many as the lane and two queues take at once; and 64 KiB that wait in each
     * of four queues.
     */
    private static final long MOST_UNDER_WAY = (256 + 4 * 256 + 4 * 64) * 1024;

    private static Nodes nodes;

    private Pair pair;

    @BeforeAll
    static void startNodes() {
        nodes = Nodes.start(2);
    }

    @AfterAll
    static void stopNodes() {
        nodes.close();
    }

    @BeforeEach
    void startRelays() {
        pair = Pair.met(nodes);
    }

    @AfterEach
    void stopRelays() {
        pair.close();
    }

    @Test
    void streamReachesTheAgentOfAnotherNodeWithAllThatWasSaidAboutIt() throws Exception {
        Conversation visitor = pair.visit().read().send("hello");
        Conversation target = pair.agent.awaitStream().echo();
        visitor.awaitText("hello");
        assertEquals(Pair.REQUEST, target.request());
    }

    /** Where those of other releases listen. */
    @Test
    void messageGoesToTheAddressOfItsNode() throws Exception {
        BlockingQueue<LinkMessage> heard = new LinkedBlockingQueue<>();
        MessageConsumer<LinkMessage> another =
                nodes.get(1).vertx().eventBus().consumer("culvert.node.another", message -> heard.add(message.body()));
        Nodes.await(another.completion());

        pair.ingress.meet("another").onSuccess(met -> fail("nobody answers there"));

        LinkMessage message = heard.poll(10, TimeUnit.SECONDS);
        assertNotNull(message, WHAT_TO_DO);
        assertEquals("another", message.receiver(), WHAT_TO_DO);
        pair.ingress.nodeLeft("another");
        Nodes.await(another.unregister());
    }

    /** Both ends know it without a word, of whatever release they are. */
    @Test
    void streamsOfTheNodeWithTheLesserIdAreOdd() throws Exception {
        BlockingQueue<Integer> opened = new LinkedBlockingQueue<>();
        pair.lostByIngress = message -> {
            if (message.kind() == LinkMessage.Kind.FRAMES) {
                ByteBuf frames = message.body().copy();
                new FrameReader().read(frames, frame -> {
                    if (frame instanceof Frame.Open open) {
                        opened.add(open.streamId());
                    }
                });
                frames.release();
            }
            return false;
        };

        pair.visit();

        boolean odd = opened.poll(10, TimeUnit.SECONDS) % 2 == 1;
        assertEquals(pair.ingress.nodeId().compareTo(pair.holder.nodeId()) < 0, odd, WHAT_TO_DO);
    }

    @Test
    void firstBytesFollowTheOpenWithoutARoundTrip() throws Exception {
        // Given a holder whose answers do not arrive
        pair.lostByHolder = message -> true;
        pair.visit().read().send("first bytes");
        pair.agent.awaitStream().read().awaitText("first bytes");
    }

    @Test
    void bytesAreWholeInBothDirectionsAtOnce() throws Exception {
        Conversation visitor = pair.visit().read().send(64 * MIB, 1);
        Conversation target = pair.agent.awaitStream().read().send(64 * MIB, 2);
        visitor.awaitFinish();
        target.awaitFinish();
        assertEquals(64 * MIB, target.receivedBytes());
        assertEquals(Conversation.sha256OfSent(64 * MIB, 1), target.sha256OfReceived());
        assertEquals(Conversation.sha256OfSent(64 * MIB, 2), visitor.sha256OfReceived());
    }

    @Test
    void directionThatIsFinishedLeavesTheOtherOpen() throws Exception {
        Conversation visitor = pair.visit().read().send("the request").finish();
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("the request");
        target.awaitFinish();
        // When the answer comes only after the end of the request
        target.send("the answer");
        visitor.awaitText("the answer");
        assertFalse(visitor.isFinished());
        target.finish();
        visitor.awaitFinish();
        Awaitility.await().until(() -> pair.ingress.load() == 0 && pair.holder.load() == 0 && pair.agent.load() == 0);
    }

    @Test
    void resetOfTheTargetSaysHowMuchTheTargetGot() throws Exception {
        Conversation visitor = pair.visit().read().send("0123456789");
        Conversation target = pair.agent.awaitStream().hold();
        target.awaitText("0123456789");
        // When the target has handed on four of the ten bytes, and both nodes all of them
        target.consume(4);
        target.reset(CloseReason.TARGET_FAILED, "the connection broke");
        assertEquals(new StreamReset(CloseReason.TARGET_FAILED, 4, "the connection broke"), visitor.awaitReset());
    }

    @Test
    void refusalOfTheTargetProvesThatNothingWasDelivered() throws Exception {
        Conversation visitor = pair.visit().read().send("POST / HTTP/1.1\r\n");
        pair.agent.awaitStream().reset(CloseReason.TARGET_REFUSED, "connection to 127.0.0.1:3000 refused");
        StreamReset reset = visitor.awaitReset();
        assertEquals(CloseReason.TARGET_REFUSED, reset.reason());
        assertEquals("connection to 127.0.0.1:3000 refused", reset.detail());
        assertTrue(reset.provesUndelivered(0));
    }

    @Test
    void nodeThatIsAskedAgainForARequestTakesAnotherOfItsLanes() throws Exception {
        // Given a second agent of a pool at the holder, and a request that the first one has refused
        PlayedAgent second = PlayedAgent.beside(nodes.get(1));
        pair.held.add(second);
        Conversation visitor = pair.visit().read().send("x");
        pair.agent.awaitStream().reset(CloseReason.TARGET_REFUSED, "connection refused");
        assertTrue(visitor.awaitReset().provesUndelivered(0));
        // When it is tried again, and when somebody else's is
        Conversation again = pair.visit().read().send("x");
        second.awaitStream().echo();
        again.awaitText("x");
        StreamRequest others =
                new StreamRequest(Pair.REQUEST.tunnel(), StreamRequest.Kind.TCP, "192.0.2.8:1", "", 0, 43);
        Conversation other = pair.visit(others).read().send("y");
        pair.agent.awaitStream().echo();
        other.awaitText("y");
        pair.held.remove(second);
        second.close();
    }

    @Test
    void laneThatCannotBeOpenedIsPassedOver() throws Exception {
        Carrier closed = new Carrier() {
            @Override
            public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
                return Future.failedFuture(StreamClosedException.refused(CloseReason.DRAINING, "it ends"));
            }

            @Override
            public int load() {
                return 0;
            }
        };
        pair.held.add(0, closed);
        Conversation visitor = pair.visit().read().send("x");
        pair.agent.awaitStream().echo();
        visitor.awaitText("x");
        pair.held.remove(closed);
    }

    @Test
    void visitorThatLeavesIsSeenByTheTarget() throws Exception {
        Conversation visitor = pair.visit().read();
        Conversation target = pair.agent.awaitStream().read();
        visitor.reset(CloseReason.CANCELLED, "the visitor left");
        StreamReset reset = target.awaitReset();
        assertEquals(CloseReason.CANCELLED, reset.reason());
        assertEquals("the visitor left", reset.detail());
    }

    @Test
    void agentThatIsLostLeavesUnknownWhatWasDelivered() throws Exception {
        Conversation visitor = pair.visit().read().send("POST");
        pair.agent.awaitStream().read().awaitText("POST");
        pair.agent.vanish();
        StreamReset reset = visitor.awaitReset();
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertFalse(reset.provesUndelivered(0));
    }

    @Test
    void nodeThatDoesNotHoldTheTunnelSaysSo() throws Exception {
        StreamRequest other = new StreamRequest("host:other.example.com", StreamRequest.Kind.HTTP, "", 0, 0);
        StreamReset reset = pair.visit(other).read().awaitReset();
        assertEquals(CloseReason.NOT_HELD, reset.reason());
        assertTrue(reset.provesUndelivered(0));
    }

    @Test
    void agentThatGoesAwayRefusesNewStreamsAndFinishesTheOpenOnes() throws Exception {
        Conversation open = pair.visit().read().send("a");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("a");
        pair.agent.goAway();
        Awaitility.await().until(() -> !pair.agent.takesStreams());
        // When another visitor comes
        StreamReset refused = pair.visit().read().awaitReset();
        assertEquals(CloseReason.DRAINING, refused.reason());
        assertTrue(refused.provesUndelivered(0));
        target.send("still here");
        open.awaitText("still here");
        assertEquals(0, pair.agent.unseenStreams());
    }

    @Test
    void visitorThatDoesNotReadStopsTheTargetAndNobodyElse() throws Exception {
        Conversation slow = pair.visit().hold().send("x");
        Conversation flooding = pair.agent.awaitStream().read().send(64 * MIB, 3);
        slow.awaitBytes(256 * 1024);
        // Then another stream of the same link is as quick as ever, both ways
        for (int i = 0; i < 20; i++) {
            Conversation quick = pair.visit().read().send(MIB, i);
            Conversation target = pair.agent.awaitStream().echo();
            quick.awaitFinish();
            assertEquals(Conversation.sha256OfSent(MIB, i), quick.sha256OfReceived());
            target.awaitFinish();
        }
        assertEquals(256 * 1024, slow.receivedBytes());
        assertTrue(flooding.sentBytes() <= MOST_UNDER_WAY, "the target could send " + flooding.sentBytes());
        slow.reset(CloseReason.CANCELLED, "");
    }

    @Test
    void targetThatDoesNotReadStopsTheVisitor() throws Exception {
        Conversation visitor = pair.visit().read().send(64 * MIB, 4);
        Conversation target = pair.agent.awaitStream().hold();
        target.awaitBytes(256 * 1024);
        Conversation quick = pair.visit().read().send(MIB, 5);
        pair.agent.awaitStream().echo();
        quick.awaitFinish();
        assertEquals(256 * 1024, target.receivedBytes());
        assertTrue(visitor.sentBytes() <= MOST_UNDER_WAY, "the visitor could send " + visitor.sentBytes());
        visitor.reset(CloseReason.CANCELLED, "");
    }

    @Test
    void finishedExchangeIsToldToTheAgent() throws Exception {
        Conversation visitor = pair.visit().read().send("GET");
        pair.agent.awaitStream().echo();
        visitor.awaitText("GET");
        Exchange exchange = new Exchange("host:a.example.com", "v", "GET", "/", 200, 1, 2, 3, 4, 5);
        visitor.report(exchange);
        assertEquals(exchange, pair.agent.reports.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void hundredStreamsShareALink() throws Exception {
        Conversation[] visitors = new Conversation[100];
        for (int i = 0; i < visitors.length; i++) {
            visitors[i] = pair.visit().read().send(200_000, i);
        }
        for (int i = 0; i < visitors.length; i++) {
            pair.agent.awaitStream().echo();
        }
        for (int i = 0; i < visitors.length; i++) {
            visitors[i].awaitFinish();
            assertEquals(Conversation.sha256OfSent(200_000, i), visitors[i].sha256OfReceived());
        }
    }

    @Test
    void bothNodesBeginTheLinkAtTheSameTimeAndUseItBothWays() throws Exception {
        try (PlayedAgent other = PlayedAgent.beside(nodes.get(0))) {
            pair.heldByIngress.add(other);
            // When no link stands yet, and neither node has heard of the other's
            CountDownLatch held = new CountDownLatch(1);
            pair.lostByIngress = waitFor(held);
            pair.lostByHolder = waitFor(held);
            CompletableFuture<Conversation> forth = later(() -> pair.visit());
            CompletableFuture<Conversation> back = later(() -> pair.visitBackwards());
            Conversation visitor = forth.get(10, TimeUnit.SECONDS).read().send("forth");
            Conversation backwards = back.get(10, TimeUnit.SECONDS).read().send("back");
            held.countDown();
            pair.agent.awaitStream().echo();
            other.awaitStream().echo();
            visitor.awaitText("forth");
            backwards.awaitText("back");
            // Then they share one link
            assertEquals(2, pair.ingress.load(pair.holder.nodeId()));
            assertEquals(2, pair.holder.load(pair.ingress.nodeId()));
        }
    }

    /** Keeps a node's messages back until both have begun. */
    private static Predicate<LinkMessage> waitFor(CountDownLatch latch) {
        return message -> {
            try {
                return !latch.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        };
    }

    private static <T> CompletableFuture<T> later(Callable<T> task) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return task.call();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void windowsGoBackToTheBudgetWhenStreamsEnd() throws Exception {
        Conversation visitor = pair.visit().read().send(8 * MIB, 6);
        pair.agent.awaitStream().echo();
        visitor.awaitFinish();
        Awaitility.await().until(() -> pair.ingressBudget.left() == 64 * MIB && pair.holderBudget.left() == 64 * MIB);
    }
}

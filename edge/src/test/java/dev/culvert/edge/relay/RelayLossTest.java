package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Conversation;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import io.netty.buffer.Unpooled;
import io.vertx.core.eventbus.DeliveryOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of streams when the event bus loses messages. */
class RelayLossTest {
    private static final long MIB = 1024 * 1024;
    /** What is promised is 2 s; the tests run beside others. */
    private static final Duration SOON = Duration.ofSeconds(2).plusMillis(500);

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

    /** Relays that have not met yet, on a bus that knows the way: the first message of the link is the test's. */
    private void restartRelays() {
        pair.close();
        pair = new Pair(nodes);
    }

    @AfterEach
    void stopRelays() {
        pair.close();
    }

    @Test
    void openThatNobodyAcknowledgesFailsWithinASecond() throws Exception {
        establish();
        // Given a holder that hears nothing, and is heard
        pair.lostByIngress = message -> true;
        long before = System.nanoTime();
        StreamReset reset = pair.visit().read().send("POST").awaitReset();
        Duration took = Duration.ofNanos(System.nanoTime() - before);
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertFalse(reset.provesUndelivered(0));
        assertTrue(took.toMillis() >= 900, "gave up after " + took);
        // Then it is the stream that was given up, and not the link
        assertEquals("the other node did not answer within a second", reset.detail());
        assertTrue(pair.ingress.isDoubtful(pair.holder.nodeId()));
    }

    @Test
    void openIsAcknowledgedAlsoWhenTheTargetSaysNothing() throws Exception {
        Conversation visitor = pair.visit().read().send("a");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("a");
        // When nothing happens for longer than an OPEN may be unanswered
        Awaitility.await()
                .pollDelay(Duration.ofMillis(1500))
                .atMost(Duration.ofSeconds(10))
                .until(() -> true);
        assertFalse(visitor.isReset());
        target.send("b");
        visitor.awaitText("b");
    }

    @Test
    void lostMessageInTheMiddleResetsBothSidesAndNoByteIsWrong() throws Exception {
        for (boolean byIngress : new boolean[] {true, false}) {
            Conversation visitor = pair.visit().read();
            Conversation target = pair.agent.awaitStreamOf(visitor).read();
            Predicate<LinkMessage> lost = nth(20, message -> message.body().readableBytes() > 8 * 1024);
            if (byIngress) {
                pair.lostByIngress = lost;
            } else {
                pair.lostByHolder = lost;
            }
            Conversation sender = byIngress ? visitor : target;
            Conversation receiver = byIngress ? target : visitor;
            sender.send(64 * MIB, 7);
            StreamReset seen = receiver.awaitReset();
            sender.awaitReset();
            assertEquals(CloseReason.LANE_LOST, seen.reason());
            assertTrue(receiver.receivedBytes() < 64 * MIB);
            assertEquals(Conversation.sha256OfSent(receiver.receivedBytes(), 7), receiver.sha256OfReceived());
            pair.lostByIngress = message -> false;
            pair.lostByHolder = message -> false;
        }
    }

    @Test
    void streamsAmidRandomLossesAreWholeOrResetAndNeverWrong() throws Exception {
        pair.agent.echoAll();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        pair.lostByIngress = message -> isLost(random);
        pair.lostByHolder = message -> isLost(random);
        int whole = 0;
        int broken = 0;
        for (int round = 0; round < 10; round++) {
            List<Conversation> visitors = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                visitors.add(pair.visit().read().send(64_000, i));
            }
            for (int i = 0; i < visitors.size(); i++) {
                Conversation visitor = visitors.get(i);
                visitor.awaitEnd();
                assertEquals(
                        Conversation.sha256OfSent(visitor.receivedBytes(), i),
                        visitor.sha256OfReceived(),
                        "seed " + seed);
                if (visitor.isFinished()) {
                    assertEquals(64_000, visitor.receivedBytes(), "seed " + seed);
                    whole++;
                } else {
                    broken++;
                }
            }
        }
        // Then there were some of each, or the test has not tested anything
        assertTrue(whole > 0 && broken > 0, whole + " whole, " + broken + " reset; seed " + seed);
    }

    private static boolean isLost(Random random) {
        synchronized (random) {
            return random.nextInt(25) == 0;
        }
    }

    @Test
    void lostLastMessageResetsTheStreamInsteadOfHangingIt() throws Exception {
        Conversation visitor = pair.visit().read();
        Conversation target = pair.agent.awaitStream().read();
        establish();
        // When the last words of the target are lost, and nobody has anything to say after them
        AtomicBoolean dropped = new AtomicBoolean();
        pair.lostByHolder = message -> hasData(message, "the end") && dropped.compareAndSet(false, true);
        long before = System.nanoTime();
        target.send("the end").finish();
        StreamReset reset = visitor.awaitReset();
        assertTrue(dropped.get());
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertEquals(0, visitor.receivedBytes());
        assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(SOON) < 0);
        target.awaitReset();
    }

    @Test
    void silenceResetsBothSidesWithinTwoSeconds() throws Exception {
        Conversation visitor = pair.visit().read().send("a");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("a");
        pair.lostByIngress = message -> true;
        pair.lostByHolder = message -> true;
        long before = System.nanoTime();
        visitor.awaitReset();
        target.awaitReset();
        assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(SOON) < 0);
        assertTrue(pair.ingress.isDoubtful(pair.holder.nodeId()));
    }

    @Test
    void streamsThatNobodyAnswersDoNotKeepTheOthersWaiting() throws Exception {
        Conversation visitor = pair.visit().read().send("a");
        pair.agent.awaitStream().read().awaitText("a");
        pair.lostByIngress = message -> true;
        pair.lostByHolder = message -> true;
        long before = System.nanoTime();
        // When an OPEN is given up meanwhile, which happens after a second
        pair.visit().read().awaitReset();
        visitor.awaitReset();
        Duration took = Duration.ofNanos(System.nanoTime() - before);
        assertTrue(took.compareTo(Duration.ofSeconds(2)) < 0, "took " + took);
    }

    @Test
    void newStreamsBeginANewLinkAfterALoss() throws Exception {
        Conversation visitor = pair.visit().read().send("a");
        pair.agent.awaitStream().read().awaitText("a");
        pair.lostByHolder = nth(1, message -> true);
        visitor.awaitReset();
        Conversation next = pair.visit().read().send(MIB, 8);
        pair.agent.awaitStream().echo();
        next.awaitFinish();
        assertEquals(Conversation.sha256OfSent(MIB, 8), next.sha256OfReceived());
        assertFalse(pair.ingress.isDoubtful(pair.holder.nodeId()));
    }

    @Test
    void holderSaysAgainHowFarItHasReadALinkThatIsNoMore() throws Exception {
        establish();
        // Given a holder that has given the link up, and whose word of that is lost
        CountDownLatch lost = new CountDownLatch(1);
        pair.lostByHolder = message -> {
            boolean first = message.kind() == LinkMessage.Kind.CLOSED && lost.getCount() > 0;
            if (first) {
                lost.countDown();
            }
            return first;
        };
        pair.lostByIngress = nth(1, message -> true);
        assertTrue(lost.await(10, TimeUnit.SECONDS));
        // When a visitor comes, he may be served elsewhere, whatever he asks for
        StreamReset reset = pair.visit().read().send("POST").awaitReset();
        assertEquals("the other node has lost the link", reset.detail());
        assertTrue(reset.provesUndelivered(0), reset.toString());
    }

    @Test
    void lostFirstMessageFailsItsStreamAndTheNextOneWorks() throws Exception {
        restartRelays();
        pair.lostByIngress = nth(1, message -> true);
        pair.visit().read().send("lost").awaitReset();
        Conversation next = pair.visit().read().send("found");
        pair.agent.awaitStream().echo();
        next.awaitText("found");
        assertEquals(0, pair.agent.unseenStreams());
    }

    @Test
    void linkThatNobodyHasAnsweredIsGivenUpWithItsFirstStream() throws Exception {
        restartRelays();
        pair.lostByIngress = message -> true;
        pair.visit().read().send("lost").awaitReset();
        pair.lostByIngress = message -> false;
        // Then the next one does not go where the first message is missing
        Conversation next = pair.visit().read().send("found");
        pair.agent.awaitStream().echo();
        next.awaitText("found");
    }

    @Test
    void nodeToWhichNoLinkComesToStandIsCountedAtBothEndsUntilOneDoes() throws Exception {
        // Given a holder that hears a little, and is not heard
        restartRelays();
        pair.lostByHolder = message -> true;
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            pair.visit().read().send("unanswered").awaitReset();
            return pair.ingress.unreached() == 1 && pair.holder.unreached() == 1;
        });
        // When the way is free
        pair.lostByHolder = message -> false;
        pair.ingress.meetAgain(Set.of(pair.holder.nodeId()));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> pair.ingress.unreached() == 0 && pair.holder.unreached() == 0);
    }

    @Test
    void nodeThatIsNoMemberAnyMoreIsNotCountedAsUnreached() throws Exception {
        restartRelays();
        pair.lostByIngress = message -> true;
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            pair.visit().read().send("lost").awaitReset();
            return pair.ingress.unreached() == 1;
        });
        pair.ingress.meetAgain(Set.of(pair.ingress.nodeId()));
        Awaitility.await().until(() -> pair.ingress.unreached() == 0);
    }

    @Test
    void messageOfAnotherVersionIsRefusedAndNothingElseIsHarmed() throws Exception {
        Conversation visitor = pair.visit().read().send("a");
        Conversation target = pair.agent.awaitStream().echo();
        visitor.awaitText("a");
        // When a node of a later release sends what this one cannot read
        LinkMessage later = new LinkMessage(
                LinkMessage.VERSION + 1,
                LinkMessage.Kind.UNKNOWN,
                "a-later-node",
                pair.holder.nodeId(),
                1,
                0,
                1,
                0,
                Unpooled.wrappedBuffer(new byte[] {1, 2, 3}));
        LinkMessage answer = exchangeAs("a-later-node", later);
        assertEquals(LinkMessage.Kind.CLOSED, answer.kind());
        assertEquals(CloseReason.VERSION_MISMATCH, answer.closing().reason());
        assertEquals(0, answer.acknowledged());
        assertEquals(1, answer.receiverEpoch());
        visitor.send("b");
        visitor.awaitText("ab");
        assertFalse(target.isReset());
    }

    @Test
    void nodeThatIsRefusedTriesElsewhereBecauseNothingWasDelivered() throws Exception {
        // Given a holder that does not understand this node
        restartRelays();
        AtomicInteger messages = new AtomicInteger();
        pair.lostByIngress = message -> {
            if (messages.getAndIncrement() > 0) {
                return true;
            }
            LinkMessage refusal = new LinkMessage(
                    7,
                    LinkMessage.Kind.CLOSED,
                    pair.holder.nodeId(),
                    message.sender(),
                    0,
                    message.senderEpoch(),
                    0,
                    0,
                    new LinkMessage.Closing(CloseReason.VERSION_MISMATCH, "speaks version 7").toBody());
            nodes.get(1).vertx().eventBus().send("culvert.node." + message.sender(), refusal, codec());
            return true;
        };
        StreamReset reset = pair.visit().read().send("POST").awaitReset();
        assertTrue(reset.provesUndelivered(0), reset.toString());
        assertEquals("speaks version 7", reset.detail());
        // And nobody takes it for one that has said that it is about to stop
        assertFalse(pair.ingress.isDraining(pair.holder.nodeId()));
    }

    @Test
    void nodeThatIsNotThereProvesThatNothingWasDelivered() throws Exception {
        Nodes.await(pair.holder.close());
        try {
            // The bus hears of it a moment later; until then it sends what nobody takes, and proves nothing.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> pair.visit().read().send("POST").awaitReset().provesUndelivered(0));
            assertFalse(pair.ingress.isDraining(pair.holder.nodeId()));
        } finally {
            // The pair closes what is open, and this one is closed.
            pair.reopenHolder(nodes);
        }
    }

    @Test
    void holderThatStopsResetsItsStreamsAtOnce() throws Exception {
        Conversation visitor = pair.visit().read().send("POST");
        Conversation target = pair.agent.awaitStream().read();
        target.awaitText("POST");
        try {
            long before = System.nanoTime();
            Nodes.await(pair.holder.close());
            StreamReset reset = visitor.awaitReset();
            target.awaitReset();
            assertFalse(reset.provesUndelivered(0), reset.toString());
            assertTrue(reset.provesUndelivered(4), reset.toString());
            assertTrue(Duration.ofNanos(System.nanoTime() - before).compareTo(Duration.ofSeconds(1)) < 0);
        } finally {
            pair.reopenHolder(nodes);
        }
    }

    /** Makes sure that there is a link, and that both sides know each other. */
    private void establish() throws Exception {
        Conversation visitor = pair.visit().read().send("hello");
        Conversation target = pair.agent.awaitStream().echo();
        visitor.awaitText("hello");
        visitor.finish();
        visitor.awaitFinish();
        target.awaitFinish();
    }

    private LinkMessage exchangeAs(String node, LinkMessage message) throws Exception {
        var answers = new java.util.concurrent.LinkedBlockingQueue<LinkMessage>();
        var bus = nodes.get(0).vertx().eventBus();
        var consumer = bus.<LinkMessage>consumer("culvert.node." + node, arrived -> answers.add(arrived.body()));
        Nodes.await(consumer.completion());
        bus.send("culvert.node." + pair.holder.nodeId(), message, codec());
        try {
            return java.util.Objects.requireNonNull(answers.poll(10, java.util.concurrent.TimeUnit.SECONDS));
        } finally {
            Nodes.await(consumer.unregister());
        }
    }

    private static DeliveryOptions codec() {
        return new DeliveryOptions().setCodecName(LinkCodec.NAME);
    }

    private static Predicate<LinkMessage> nth(int n, Predicate<LinkMessage> counted) {
        AtomicInteger seen = new AtomicInteger();
        return message -> counted.test(message) && seen.incrementAndGet() == n;
    }

    private static boolean hasData(LinkMessage message, String text) {
        return message.body()
                .toString(java.nio.charset.StandardCharsets.ISO_8859_1)
                .contains(text);
    }
}

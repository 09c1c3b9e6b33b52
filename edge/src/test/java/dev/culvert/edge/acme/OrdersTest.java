package dev.culvert.edge.acme;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.SettableClock;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeNetworkException;
import org.shredzone.acme4j.exception.AcmeRateLimitedException;
import org.shredzone.acme4j.toolbox.JSON;

/** When certificates are ordered, of an authority that a test plays; {@code AcmeIT} has a real one. */
@Timeout(60)
class OrdersTest {
    private static final Duration INTERVAL = Duration.ofMillis(50);

    @TempDir
    Path folder;

    private final SettableClock clock = new SettableClock();
    private final Set<String> hosts = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<String> ordered = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> looks = new LinkedBlockingQueue<>();
    private volatile @Nullable CountDownLatch hold;
    private volatile boolean unreachable;
    private volatile @Nullable Instant limitedUntil;
    private HazelcastMember member;
    private SealedTexts proofs;
    private CertificateStore store;
    private TestAuthority authority;
    private Orders orders;

    @BeforeEach
    void start() throws Exception {
        member = HazelcastMember.alone();
        authority = new TestAuthority();
        proofs = proofs(member);
        store = new CertificateStore(folder, "example.com", null, clock);
        store.load();
        orders = new Orders(store, this::order, proofs, this::hosts, clock);
        orders.start(INTERVAL);
    }

    @AfterEach
    void stop() {
        orders.close();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("culvert-acme")));
        member.close();
    }

    private List<String> hosts() {
        looks.add(true);
        return List.copyOf(hosts);
    }

    private String order(String host, BiConsumer<String, String> proof) throws AcmeException {
        proof.accept("token", host);
        assertEquals(Optional.of(host), proofs.get("token"));
        ordered.add(host);
        CountDownLatch held = hold;
        if (held != null) {
            awaitLatch(held);
        }
        Instant until = limitedUntil;
        if (unreachable) {
            throw new AcmeNetworkException(new IOException("nobody answers"));
        } else if (until != null) {
            throw new AcmeRateLimitedException(overTheLimit(), until, List.of());
        } else if (refused.contains(host)) {
            throw new AcmeException("no");
        }
        try {
            Issued issued = authority.issue("EC", Duration.ofDays(90), host);
            return TestAuthority.pem(issued.certificate()) + TestAuthority.pkcs8(issued.key());
        } catch (Exception e) {
            throw new AcmeException("broken test", e);
        }
    }

    @Test
    void newHostGetsACertificateOnceAndTheProofIsGone() throws Exception {
        hosts.add("a.example.com");
        assertEquals("a.example.com", ordered.poll(10, TimeUnit.SECONDS));
        await().until(() -> store.missing(List.of("a.example.com")).isEmpty());
        await().until(() -> proofs.keys().isEmpty());

        hosts.add("b.example.com");
        assertEquals("b.example.com", ordered.poll(10, TimeUnit.SECONDS));
        awaitLook();

        clock.advance(Duration.ofDays(61));
        assertEquals(Set.of("a.example.com", "b.example.com"), Set.of(take(), take()), "renewed");
    }

    @Test
    void hostThatIsRefusedHoldsUpNobodyAndIsTriedAgainAfterAGrowingWait() throws Exception {
        refused.add("a.example.com");
        hosts.add("a.example.com");
        assertEquals("a.example.com", take());
        hosts.add("b.example.com");
        assertEquals("b.example.com", take());

        clock.advance(Duration.ofSeconds(61));
        assertEquals("a.example.com", take());
        hosts.add("c.example.com");
        assertEquals("c.example.com", take()); // So a's failure is known.
        clock.advance(Duration.ofSeconds(61));
        hosts.add("d.example.com");
        assertEquals("d.example.com", take(), "a waits for two minutes now");
        clock.advance(Duration.ofSeconds(61));
        refused.clear();
        assertEquals("a.example.com", take());
        await().until(() -> store.missing(List.of("a.example.com")).isEmpty());
        await().until(() -> proofs.keys().isEmpty());
    }

    @Test
    void tunnelThatComesAndGoesIsNotTriedAnewEachTime() throws Exception {
        refused.add("a.example.com");
        hosts.add("a.example.com");
        assertEquals("a.example.com", take());
        hosts.clear();
        awaitLook();
        hosts.add("a.example.com");
        hosts.add("b.example.com");

        assertEquals("b.example.com", take());
        clock.advance(Duration.ofSeconds(61));
        assertEquals("a.example.com", take());
    }

    @Test
    void hostThatHasGoneMeanwhileIsNotOrderedAndWhatNeverFailedGoesFirst() throws Exception {
        CountDownLatch going = new CountDownLatch(1);
        refused.add("a.example.com");
        hosts.add("a.example.com");
        assertEquals("a.example.com", take());
        awaitLook();
        hold = going;
        hosts.add("b.example.com");
        assertEquals("b.example.com", take()); // And holds there.
        hosts.addAll(Set.of("c.example.com", "d.example.com", "e.example.com"));
        hosts.removeAll(Set.of("c.example.com", "d.example.com"));
        clock.advance(Duration.ofSeconds(61));
        going.countDown();

        assertEquals("e.example.com", take());
        assertEquals("a.example.com", take());
    }

    @Test
    void authorityThatIsOutOfReachIsLeftAloneForAMinute() throws Exception {
        unreachable = true;
        hosts.addAll(Set.of("a.example.com", "b.example.com"));
        String first = take();
        awaitLook();
        unreachable = false;

        clock.advance(Duration.ofSeconds(61));

        assertEquals(Set.of("a.example.com", "b.example.com"), Set.of(take(), take()), "the first was " + first);
        await().until(() -> store.missing(hosts).isEmpty());
    }

    @Test
    void hostThatIsOverItsLimitWaitsAsLongAsTheAuthorityWants() throws Exception {
        limitedUntil = clock.instant().plus(Duration.ofDays(1));
        hosts.add("a.example.com");
        assertEquals("a.example.com", take());
        awaitLook();
        limitedUntil = null;
        hosts.add("b.example.com");

        clock.advance(Duration.ofSeconds(61));
        assertEquals("b.example.com", take());
        clock.advance(Duration.ofHours(12));
        hosts.add("c.example.com");
        assertEquals("c.example.com", take());
        clock.advance(Duration.ofHours(13));
        assertEquals("a.example.com", take());
    }

    /** Until the failure before is known, and hosts were asked for once more. */
    private void awaitLook() throws InterruptedException {
        looks.clear();
        for (int i = 0; i < 2; i++) {
            assertNotNull(looks.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void ofTwoNodesTheOlderOrdersAndTheOtherOnceItIsGone() throws Exception {
        BlockingQueue<String> byYounger = new LinkedBlockingQueue<>();
        try (Nodes nodes = Nodes.start(2)) {
            Orders younger = of(nodes.get(1).member(), byYounger);
            BlockingQueue<String> byOlder = new LinkedBlockingQueue<>();
            Orders older = of(nodes.get(0).member(), byOlder);
            assertNotNull(byOlder.poll(10, TimeUnit.SECONDS));
            assertNotNull(byOlder.poll(10, TimeUnit.SECONDS));
            assertEquals(List.of(), List.copyOf(byYounger));

            nodes.kill(nodes.get(0));

            assertNotNull(byYounger.poll(20, TimeUnit.SECONDS));
            younger.close();
            older.close();
        }
    }

    /** Of a node, with a host of its own at each look, and nothing that comes of them. */
    private Orders of(HazelcastMember member, BlockingQueue<String> orderedThere) throws Exception {
        CertificateStore empty = new CertificateStore(folder.resolve(member.nodeId()), "example.com", null, clock);
        empty.load();
        Orders.Authority nobody = (host, proof) -> {
            orderedThere.add(host);
            throw new AcmeException("no");
        };
        AtomicInteger number = new AtomicInteger();
        Orders fresh = new Orders(
                empty, nobody, proofs(member), () -> List.of(number.incrementAndGet() / 2 + ".example.com"), clock);
        fresh.start(INTERVAL);
        return fresh;
    }

    private static SealedTexts proofs(HazelcastMember of) {
        return new SealedTexts(new ClusterTexts(of, "proofs"), "proof", new Seal(null));
    }

    private static Problem overTheLimit() {
        try {
            URL server = URI.create("https://ca.example.com/").toURL();
            return new Problem(JSON.parse("{\"type\":\"urn:ietf:params:acme:error:rateLimited\"}"), server);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitLatch(CountDownLatch latch) throws AcmeException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AcmeException("closed", e);
        }
    }

    private String take() throws InterruptedException {
        return String.valueOf(ordered.poll(10, TimeUnit.SECONDS));
    }
}

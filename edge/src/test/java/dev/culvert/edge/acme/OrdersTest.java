package dev.culvert.edge.acme;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.exception.AcmeException;

/** When certificates are ordered, of an authority that a test plays; {@code AcmeIT} has a real one. */
@Timeout(60)
class OrdersTest {
    @TempDir
    Path folder;

    private final Wallclock clock = new Wallclock();
    private final Set<String> hosts = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<String> ordered = new LinkedBlockingQueue<>();
    private HazelcastMember member;
    private ClusterTexts proofs;
    private CertificateStore store;
    private TestAuthority authority;
    private Orders orders;

    @BeforeEach
    void start() throws Exception {
        member = HazelcastMember.alone();
        authority = new TestAuthority();
        proofs = new ClusterTexts(member, "proofs");
        store = new CertificateStore(folder, null, clock);
        store.load();
        orders = new Orders(store, this::order, proofs, () -> List.copyOf(hosts), clock);
        orders.start();
    }

    @AfterEach
    void stop() {
        orders.close();
        member.close();
    }

    private String order(String host, BiConsumer<String, String> proof) throws AcmeException {
        proof.accept("token", host);
        assertEquals(Optional.of(host), proofs.get("token"));
        ordered.add(host);
        if (refused.contains(host)) {
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
        assertTrue(proofs.keys().isEmpty());
    }

    private String take() throws InterruptedException {
        return String.valueOf(ordered.poll(10, TimeUnit.SECONDS));
    }
}

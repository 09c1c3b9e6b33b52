package dev.culvert.edge.acme;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Secret;
import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.testkit.SettableClock;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import dev.culvert.edge.tls.BrokenCertificateException;
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.KeyAndChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CertificateStoreTest {
    private static final String SHOP = "shop.example.com";
    private static final String SECRET = "0123456789abcdef";

    private static HazelcastMember member;
    private static TestAuthority authority;

    @TempDir
    Path folder;

    private final SettableClock clock = new SettableClock();
    private ClusterTexts texts;

    @BeforeAll
    static void cluster() throws Exception {
        member = HazelcastMember.alone();
        authority = new TestAuthority();
    }

    @AfterAll
    static void close() {
        member.close();
    }

    @BeforeEach
    void texts() {
        texts = new ClusterTexts(member, "test " + folder);
    }

    @Test
    void whatIsAddedIsServedAndThereAfterARestart() throws Exception {
        CertificateStore store = store("a", null);
        assertEquals(List.of(SHOP), store.missing(List.of(SHOP)));
        assertEquals(List.of(), store.read());

        store.add(SHOP, pem(Duration.ofDays(90)));

        assertEquals(List.of(), store.missing(List.of(SHOP)));
        assertTrue(store.read().get(0).covers(SHOP));
        assertEquals(store.read(), store("a", null).read());
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(folder.resolve("a").resolve(SHOP + ".pem"))));
    }

    @Test
    void isRenewedWhenAThirdOfItsLifeIsLeftAndNotServedAfterwards() throws Exception {
        CertificateStore store = store("a", null);
        store.add(SHOP, pem(Duration.ofDays(90)));

        clock.advance(Duration.ofDays(59));
        assertEquals(List.of(), store.missing(List.of(SHOP)));
        clock.advance(Duration.ofDays(2));
        assertEquals(List.of(SHOP), store.missing(List.of(SHOP)));
        assertEquals(1, store.read().size());
        clock.advance(Duration.ofDays(30));
        assertEquals(List.of(), store.read());
        assertEquals(List.of(), store("a", null).read());
        assertFalse(Files.exists(folder.resolve("a").resolve(SHOP + ".pem")));
    }

    @Test
    void otherNodesHaveItAndItsRenewal() throws Exception {
        CertificateStore one = store("a", null);
        CertificateStore other = store("b", null);
        one.share(sealed(SECRET));
        other.share(sealed(SECRET));
        one.add(SHOP, pem(Duration.ofDays(60)));
        assertEquals(one.read(), other.read());
        assertEquals(List.of(), other.missing(List.of(SHOP)));

        one.add(SHOP, pem(Duration.ofDays(90)));

        assertEquals(one.read(), other.read());
        assertEquals(1, texts.keys().size(), "the one before is gone");
        assertEquals(one.read(), store("b", null).read(), "from its own folder, after a restart");
        assertTrue(
                texts.keys().stream().noneMatch(key -> texts.get(key).orElse("").contains("BEGIN")));
    }

    @Test
    void nodeThatComesLaterGivesWhatItsFolderHas() throws Exception {
        store("a", null).add(SHOP, pem(Duration.ofDays(90)));
        CertificateStore other = store("b", null);
        other.share(sealed(SECRET));
        assertEquals(List.of(), other.read());

        store("a", null).share(sealed(SECRET));

        assertEquals(1, other.read().size());
    }

    @Test
    void nodeWithAnotherSecretGetsNothing() throws Exception {
        CertificateStore one = store("a", null);
        CertificateStore other = store("b", null);
        one.share(sealed(SECRET));
        other.share(sealed("another one, of 24 chars"));

        one.add(SHOP, pem(Duration.ofDays(90)));

        assertEquals(List.of(), other.read());
        assertEquals(List.of(SHOP), other.missing(List.of(SHOP)));
    }

    @Test
    void nothingIsOrderedForAHostThatTheOperatorsCertificateNames() throws Exception {
        Issued wildcard = authority.issue("*.example.com");
        CertificateSource operators = () -> List.of(new KeyAndChain(wildcard.key(), List.of(wildcard.certificate())));
        CertificateStore store = store("a", operators);
        assertEquals(operators.read(), store.read());

        assertEquals(List.of(), store.missing(List.of(SHOP)));
        assertEquals(List.of("shop.example.org"), store.missing(List.of("shop.example.org")));
        assertEquals(operators.read(), store.read());
    }

    @Test
    void wildcardTakesThePlaceOfThoseOfItsHostsAndIsThereAfterARestart() throws Exception {
        CertificateStore store = store("a", null);
        store.share(sealed(SECRET));
        store.add("example.com", pem(Duration.ofDays(90), "example.com"));
        store.add(SHOP, pem(Duration.ofDays(90)));
        store.add("a.shop.example.com", pem(Duration.ofDays(90), "a.shop.example.com"));
        assertEquals(List.of("*.example.com"), store.missing(List.of("example.com", "*.example.com")));
        assertThrows(BrokenCertificateException.class, () -> store.add("*.example.com", pem(Duration.ofDays(90))));

        store.add("*.example.com", pem(Duration.ofDays(30), "*.example.com"));

        assertEquals(List.of(), store.missing(List.of("example.com", "*.example.com")));
        assertEquals("example.com *.example.com a.shop.example.com", served(store));
        assertEquals(served(store), served(store("a", null)));
        CertificateStore other = store("b", null);
        other.share(sealed(SECRET));
        assertEquals(served(store), served(other));
        clock.advance(Duration.ofDays(31));
        assertEquals("example.com a.shop.example.com shop.example.com", served(store));
    }

    /** Otherwise each tunnel would cost an order where the program for the DNS is on some nodes only, or was taken away. */
    @Test
    void nothingIsOrderedForAHostWhileTheWildcardIsGood() throws Exception {
        CertificateStore store = store("a", null);
        store.add("*.example.com", pem(Duration.ofDays(90), "*.example.com"));

        assertEquals(List.of("example.com"), store.missing(List.of(SHOP, "example.com")));
        clock.advance(Duration.ofDays(61));
        assertEquals(List.of(SHOP, "example.com"), store.missing(List.of(SHOP, "example.com")));
    }

    @Test
    void nobodyWaitsForWhatHasJustFailed() throws Exception {
        CertificateStore store = store("a", null);
        assertTrue(store.isAwaited(SHOP));

        store.failed(SHOP, clock.instant().plusSeconds(60));

        assertFalse(store.isAwaited(SHOP));
        assertTrue(store.isAwaited("office.example.com"));
        clock.advance(Duration.ofSeconds(61));
        assertTrue(store.isAwaited(SHOP), "it is tried again");
        store.failed("*.example.com", clock.instant().plusSeconds(60));
        assertFalse(store.isAwaited(SHOP));
        assertTrue(store.isAwaited("shop.example.org"));
    }

    /** The hosts of those that are served, in their order. */
    private static String served(CertificateStore store) throws Exception {
        List<String> hosts = new ArrayList<>();
        for (KeyAndChain pair : store.read()) {
            hosts.add(pair.chain()
                    .get(0)
                    .getSubjectAlternativeNames()
                    .iterator()
                    .next()
                    .get(1)
                    .toString());
        }
        return String.join(" ", hosts);
    }

    @Test
    void brokenFileIsLeftOut() throws Exception {
        Files.createDirectories(folder.resolve("a"));
        Files.writeString(folder.resolve("a").resolve(SHOP + ".pem"), "no PEM");

        assertEquals(List.of(), store("a", null).read());
        assertEquals(List.of(SHOP), store("a", null).missing(List.of(SHOP)));
    }

    @Test
    void brokenAnswerOfTheAuthorityIsNotKept() throws Exception {
        CertificateStore store = store("a", null);
        String good = pem(Duration.ofDays(90));
        String key = TestAuthority.pkcs8(authority.issue(SHOP).key());

        assertThrows(
                BrokenCertificateException.class,
                () -> store.add(SHOP, good.substring(0, good.indexOf("-----BEGIN PRIV")) + key));

        assertEquals(List.of(), store.read());
        assertEquals(List.of(), store("a", null).read());
    }

    @Test
    void filesOfOthersAreLeftAlone() throws Exception {
        CertificateStore other = store("b", null);
        other.share(sealed(SECRET));
        other.add(SHOP, pem(Duration.ofDays(90)));
        Path own = Files.createDirectories(folder.resolve("a"));
        Files.createDirectory(own.resolve("folder.example.com.pem"));
        Files.writeString(own.resolve("my shop.pem"), pem(Duration.ofDays(90)));
        Files.writeString(own.resolve("another.example.com.pem"), pem(Duration.ofDays(-1)));

        CertificateStore store = store("a", null);
        store.share(sealed(SECRET));

        assertEquals(other.read(), store.read());
        assertTrue(Files.exists(own.resolve("another.example.com.pem")), "nobody here has written it");
    }

    @Test
    void whatCannotBeWrittenIsServedAndSharedAllTheSame() throws Exception {
        CertificateStore store = store("a", null);
        store.share(sealed(SECRET));
        Path own = folder.resolve("a");
        Files.delete(own.resolve("lock"));
        Files.delete(own);
        Files.writeString(own, "in the way"); // As a full disk.

        store.add(SHOP, pem(Duration.ofDays(90)));

        assertEquals(List.of(), store.missing(List.of(SHOP)));
        assertEquals(1, texts.keys().size());
    }

    @Test
    void brokenCertificateOfTheOperatorKeepsNobodyFromTheOthers() throws Exception {
        Issued wildcard = authority.issue("*.example.org");
        AtomicBoolean broken = new AtomicBoolean();
        CertificateStore store = store("a", () -> {
            if (broken.get()) {
                throw new IOException("being changed");
            }
            return List.of(new KeyAndChain(wildcard.key(), List.of(wildcard.certificate())));
        });
        store.share(sealed(SECRET));
        store.read();
        broken.set(true);
        CertificateStore other = store("b", null);
        other.share(sealed(SECRET));
        other.add(SHOP, pem(Duration.ofDays(90)));

        assertThrows(IOException.class, store::read); // Which Certificates tells, and serves what was before.

        assertEquals(List.of(), store.missing(List.of(SHOP, "a.example.org")));
    }

    /** The nodes that kept it have died together. */
    @Test
    void whatTheClusterHasLostIsGivenAgain() throws Exception {
        CertificateStore store = store("a", null);
        store.share(sealed(SECRET));
        store.add(SHOP, pem(Duration.ofDays(90)));
        texts.keys().forEach(texts::remove);

        store.read();

        assertEquals(1, texts.keys().size());
    }

    @Test
    void whatWasSealedIsNotTakenUnderAnotherKeyAndAKeyWithoutSenseHoldsUpNothing() throws Exception {
        CertificateStore store = store("a", null);
        store.share(sealed(SECRET));
        store.add(SHOP, pem(Duration.ofDays(30)));
        String old = texts.get(texts.keys().iterator().next()).orElseThrow();
        clock.advance(Duration.ofSeconds(2));
        store.add(SHOP, pem(Duration.ofDays(90)));
        List<KeyAndChain> before = store.read();

        for (int days = 1; days < 20; days++) { // By somebody who has joined and does not know the secret.
            Instant since = clock.instant().plus(Duration.ofDays(days));
            texts.put(new OrderedCertificate.Key(SHOP, since, since.plus(Duration.ofDays(90))).toString(), old);
            texts.put("%d no key".formatted(days), old);
        }
        CertificateStore other = store("b", null);
        other.share(sealed(SECRET));

        assertEquals(before, store.read());
        assertEquals(before, other.read());
    }

    @Test
    void renewedOneThatEndsEarlierIsServedByAll() throws Exception {
        CertificateStore store = store("a", null);
        CertificateStore other = store("b", null);
        store.share(sealed(SECRET));
        other.share(sealed(SECRET));
        store.add(SHOP, pem(Duration.ofDays(90)));
        assertEquals(store.read(), other.read());

        await().until(
                        () -> { // Until the authority's clock, which counts seconds, has moved on.
                            store.add(SHOP, pem(Duration.ofDays(6)));
                            return store.read().equals(other.read());
                        });
    }

    @Test
    void certificateOfTheDomainIsForThoseWhoNameNoHost() throws Exception {
        CertificateStore store = store("a", null);
        for (String host : List.of("a.example.com", "example.com", "z.example.com")) {
            Issued issued = authority.issue(host);
            store.add(host, TestAuthority.pem(issued.certificate()) + TestAuthority.pkcs8(issued.key()));
        }

        assertTrue(store.read().get(0).covers("example.com"));
    }

    /** Nodes find by them what another release has ordered, and an edge what the one before it had. */
    @Test
    void whereACertificateIsKeptIsTheSameInAllReleases() throws Exception {
        Instant since = Instant.ofEpochMilli(1_750_000_000_000L);
        OrderedCertificate.Key key =
                new OrderedCertificate.Key("*.example.com", since, since.plus(Duration.ofDays(90)));
        String text = "*.example.com 1750000000000 1757776000000";
        assertEquals(text, key.toString(), WHAT_TO_DO);
        assertEquals(Optional.of(key), OrderedCertificate.Key.parse(text), WHAT_TO_DO);

        CertificateStore store = store("a", null);
        store.add(SHOP, pem(Duration.ofDays(90)));
        store.add("*.example.com", pem(Duration.ofDays(90), "*.example.com"));
        Path own = folder.resolve("a");
        assertTrue(Files.exists(own.resolve("shop.example.com.pem")), WHAT_TO_DO);
        assertTrue(Files.exists(own.resolve("_.example.com.pem")), WHAT_TO_DO);
    }

    private SealedTexts sealed(String secret) {
        return new SealedTexts(texts, "test", new Seal(Secret.of(secret)));
    }

    private CertificateStore store(String node, CertificateSource operators) throws IOException {
        CertificateStore store = new CertificateStore(folder.resolve(node), "example.com", operators, clock);
        store.load();
        return store;
    }

    private static String pem(Duration life) throws Exception {
        return pem(life, SHOP);
    }

    private static String pem(Duration life, String host) throws Exception {
        Issued issued = authority.issue("EC", life, host);
        return TestAuthority.pem(issued.certificate()) + TestAuthority.pkcs8(issued.key());
    }
}

package dev.culvert.edge.acme;

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
import dev.culvert.edge.tls.CertificateSource;
import dev.culvert.edge.tls.KeyAndChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CertificateStoreTest {
    private static final String SHOP = "shop.example.com";
    private static final Seal SEAL = new Seal(Secret.of("0123456789abcdef"));

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
        one.share(texts, SEAL);
        other.share(texts, SEAL);
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
        other.share(texts, SEAL);
        assertEquals(List.of(), other.read());

        store("a", null).share(texts, SEAL);

        assertEquals(1, other.read().size());
    }

    @Test
    void nodeWithAnotherSecretGetsNothing() throws Exception {
        CertificateStore one = store("a", null);
        CertificateStore other = store("b", null);
        one.share(texts, SEAL);
        other.share(texts, new Seal(Secret.of("another one, of 24 chars")));

        one.add(SHOP, pem(Duration.ofDays(90)));

        assertEquals(List.of(), other.read());
        assertEquals(List.of(SHOP), other.missing(List.of(SHOP)));
    }

    @Test
    void nothingIsOrderedForAHostThatTheOperatorsCertificateNames() throws Exception {
        Issued wildcard = authority.issue("*.example.com");
        CertificateSource operators = () -> List.of(new KeyAndChain(wildcard.key(), List.of(wildcard.certificate())));
        CertificateStore store = store("a", operators);

        assertEquals(List.of(), store.missing(List.of(SHOP)));
        assertEquals(List.of("shop.example.org"), store.missing(List.of("shop.example.org")));
        assertEquals(operators.read(), store.read());
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
                IOException.class, () -> store.add(SHOP, good.substring(0, good.indexOf("-----BEGIN PRIV")) + key));

        assertEquals(List.of(), store.read());
        assertEquals(List.of(), store("a", null).read());
    }

    private CertificateStore store(String node, CertificateSource operators) throws IOException {
        CertificateStore store = new CertificateStore(folder.resolve(node), operators, clock);
        store.load();
        return store;
    }

    private static String pem(Duration life) throws Exception {
        Issued issued = authority.issue("EC", life, SHOP);
        return TestAuthority.pem(issued.certificate()) + TestAuthority.pkcs8(issued.key());
    }
}

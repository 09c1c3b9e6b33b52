package dev.culvert.edge.acme;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Secret;
import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import io.vertx.core.Vertx;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AcmeTest {
    private static final Secret SECRET = Secret.of("0123456789abcdef");
    private static final String TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
    private static final String PATH = "/.well-known/acme-challenge/";

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx();
    private HazelcastMember member;

    @BeforeEach
    void start() {
        member = HazelcastMember.alone();
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
        member.close();
    }

    @Test
    void proofIsGivenByEveryNodeWithTheSecretAndNoneThatAnotherHasWritten() throws Exception {
        Acme acme = acme("https://ca.example.com/dir");
        acme.share(member, SECRET).await(10, TimeUnit.SECONDS);
        ClusterTexts texts = new ClusterTexts(member, "acme.proofs");
        new SealedTexts(texts, "proof", new Seal(SECRET)).put(TOKEN, "ours");
        assertEquals(Optional.of("ours"), acme.at(PATH + TOKEN).await(10, TimeUnit.SECONDS));

        texts.put(TOKEN, "theirs.thumbprint");

        assertEquals(Optional.empty(), acme.at(PATH + TOKEN).await(10, TimeUnit.SECONDS));
    }

    @Test
    void proofsAndCertificatesOfAnotherReleaseAreTaken() throws Exception {
        Issued issued = new TestAuthority().issue("EC", Duration.ofDays(90), "shop.example.com");
        String pem = TestAuthority.pem(issued.certificate()) + TestAuthority.pkcs8(issued.key());
        String key = OrderedCertificate.of("shop.example.com", pem).key().toString();
        Seal seal = new Seal(SECRET);
        // What is sealed opens under its purpose, a space and its key alone.
        new ClusterTexts(member, "acme.proofs").put(TOKEN, seal.seal("proof " + TOKEN, "theirs"));
        new ClusterTexts(member, "acme.certificates.ca.example.com_dir")
                .put(key, seal.seal("acme.certificates.ca.example.com_dir " + key, pem));
        Acme acme = acme("https://ca.example.com/dir");

        acme.share(member, SECRET).await(10, TimeUnit.SECONDS);

        assertEquals(Optional.of("theirs"), acme.at(PATH + TOKEN).await(10, TimeUnit.SECONDS), WHAT_TO_DO);
        assertEquals(1, acme.certificates().read().size(), WHAT_TO_DO);
    }

    @Test
    void whatIsNoTokenIsNotLookedFor() throws Exception {
        Acme acme = acme("https://ca.example.com/dir");
        assertNull(acme.at(PATH + TOKEN), "nothing is shared yet");
        acme.share(member, SECRET).await(10, TimeUnit.SECONDS);

        assertNull(acme.at("/"));
        assertNull(acme.at(PATH));
        assertNull(acme.at(PATH + TOKEN + "?"));
        assertNull(acme.at(PATH + "../" + TOKEN));
        assertNull(acme.at(PATH + TOKEN.repeat(9)));
        assertEquals(Optional.empty(), acme.at(PATH + TOKEN).await(10, TimeUnit.SECONDS));
    }

    /** What an authority for tests has given must not stay when the true one is named. */
    @Test
    void eachAuthorityHasAFolderOfItsOwn() throws Exception {
        acme("https://acme.example.com:14000/a/directory");
        acme("https://acme.example.com/directory");

        assertEquals(2, folder.toFile().list().length);
    }

    @Test
    void brokenKeyOfTheAccountIsNamed() throws Exception {
        acme("https://ca.example.com/dir");
        Path account = folder.resolve("ca.example.com_dir").resolve("account.key");
        Files.writeString(account, "no key");

        ConfigException fault = assertThrows(ConfigException.class, () -> acme("https://ca.example.com/dir"));

        assertEquals(
                "--acme: cannot use %s: it is no key that was written here; remove it, and there will be another account"
                        .formatted(account),
                fault.getMessage());
    }

    @Test
    void accountThatIsNoneIsNamed() throws Exception {
        Path file = folder.resolve("eab");
        for (String text : List.of("", "only-an-id", "id not+base64url", "id key and more", "id c2hvcnQ")) {
            Files.writeString(file, text);
            ConfigException fault = assertThrows(ConfigException.class, () -> withAccount(file));
            assertTrue(fault.getMessage().startsWith("--acme-eab-file: %s must have one line".formatted(file)), text);
        }
        Files.writeString(file, "an-id  LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0=\n");
        withAccount(file);
        assertEquals(
                "ExternalAccount[id=an-id, key=***]", ExternalAccount.read(file).toString());
        Files.delete(file);
        ConfigException fault = assertThrows(ConfigException.class, () -> withAccount(file));
        assertEquals("--acme-eab-file: there is no file " + file, fault.getMessage());
    }

    private void withAccount(Path file) throws Exception {
        read(new AcmeOptions(URI.create("https://ca.example.com/dir"), null, null, file, null, folder));
    }

    @Test
    void withTheDomainsDnsOneCertificateIsForAllUnderIt() {
        DomainByDns dns = new DomainByDns("example.com", new DnsProgram(Path.of("/bin/true"), folder.resolve("log")));

        assertEquals(
                Set.of("example.com", "*.example.com", "a.b.example.com", "shop.example.org"),
                dns.toOrder(List.of(
                        "example.com", "a.example.com", "b.example.com", "a.b.example.com", "shop.example.org")));
        assertEquals(Set.of("example.com", "*.example.com"), dns.toOrder(List.of()), "before there is a tunnel");
        assertTrue(dns.proves("*.example.com"));
        assertTrue(dns.proves("example.com"));
        assertFalse(dns.proves("shop.example.org"), "whose DNS is somebody else's");
        assertFalse(dns.proves("a.b.example.com"));
    }

    private Acme acme(String directory) throws Exception {
        return read(new AcmeOptions(URI.create(directory), null, null, null, null, folder));
    }

    private Acme read(AcmeOptions options) throws Exception {
        return Acme.read(vertx, options, "example.com", null).await(10, TimeUnit.SECONDS);
    }
}

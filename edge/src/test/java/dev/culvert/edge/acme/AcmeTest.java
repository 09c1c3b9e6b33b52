package dev.culvert.edge.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Secret;
import dev.culvert.edge.registry.ClusterTexts;
import dev.culvert.edge.registry.HazelcastMember;
import io.vertx.core.Vertx;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
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

    private Acme acme(String directory) throws Exception {
        AcmeOptions options = new AcmeOptions(URI.create(directory), null, null, folder);
        return Acme.read(vertx, options, "example.com", null).await(10, TimeUnit.SECONDS);
    }
}

package dev.culvert.edge.access.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.TestIssuer;
import io.vertx.core.Vertx;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PublishedKeysTest {
    private static final Duration GENEROUS = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();

    @TempDir
    Path folder;

    private TestIssuer issuer;
    private Issuer known;

    @BeforeEach
    void start() throws Exception {
        issuer = new TestIssuer(vertx, folder);
        known = new Issuer(
                issuer.name(),
                "aud",
                new Issuer.Discovered(URI.create(issuer.name() + "/.well-known/openid-configuration")),
                List.of(certificate(issuer.ca())),
                List.of());
    }

    @AfterEach
    void stop() {
        issuer.close();
        Nodes.await(vertx.close());
    }

    @Test
    void keysAreWhereTheConfigurationSays() throws Exception {
        PublishedKeys keys = new PublishedKeys(known, GENEROUS);

        assertEquals(issuer.key().getKeyID(), fetch(keys).getKeys().get(0).getKeyID());
        assertFalse(keys.isAway());
    }

    @Test
    void issuerThatDoesNotAnswerIsGivenUpInTime() {
        PublishedKeys keys = new PublishedKeys(known, Duration.ofSeconds(2));
        issuer.publish("");

        assertTrue(fault(keys).endsWith("/keys does not answer in time"), fault(keys));
        assertTrue(keys.isAway());
    }

    @Test
    void answerWithoutAnEndIsCutOff() {
        issuer.publish("x".repeat(256 * 1024 + 1));

        assertTrue(fault(new PublishedKeys(known, GENEROUS)).contains("it has more than 262144 bytes"));
    }

    @Test
    void whatIsNoKeySetIsSaidOnceAndForgottenWithTheNext() throws Exception {
        PublishedKeys keys = new PublishedKeys(known, GENEROUS);
        issuer.publish("<html>");
        assertEquals("it is not a JWK set", fault(keys));

        issuer.publish(null);

        assertEquals(1, fetch(keys).size());
        assertFalse(keys.isAway());
    }

    @Test
    void placeThatIsNotThereIsNamedWithItsStatus() {
        Issuer.At nowhere = new Issuer.At(URI.create(issuer.name() + "/nowhere"));

        assertEquals(
                nowhere.place() + " answers with status 404",
                fault(new PublishedKeys(new Issuer(known.name(), "aud", nowhere, known.ca(), List.of()), GENEROUS)));
    }

    private static JWKSet fetch(PublishedKeys keys) throws Exception {
        return keys.getJWKSet(JWKSetCacheRefreshEvaluator.noRefresh(), System.currentTimeMillis(), null);
    }

    private static String fault(PublishedKeys keys) {
        return assertThrows(JWKSetUnavailableException.class, () -> fetch(keys)).getMessage();
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}

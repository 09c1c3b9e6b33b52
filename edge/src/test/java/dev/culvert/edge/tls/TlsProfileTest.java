package dev.culvert.edge.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.culvert.edge.testkit.TestAuthority;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;

/** What a client is offered, as Java says it; {@code HttpsIT} asks with OpenSSL. */
class TlsProfileTest {
    /** https://ssl-config.mozilla.org/guidelines/5.7.json, "intermediate", in Java's words. */
    private static final Set<String> MOZILLA = Set.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    @Test
    void isMozillasIntermediateOne() throws Exception {
        TestAuthority.Issued issued = new TestAuthority().issue("example.com");
        ServedCertificate certificate =
                ServedCertificate.of(new KeyAndChain(issued.key(), List.of(issued.certificate())), Runnable::run);

        SSLEngine engine = certificate.engine(List.of());

        assertEquals(Set.of("TLSv1.2", "TLSv1.3"), Set.of(engine.getEnabledProtocols()));
        assertEquals(MOZILLA, Set.of(engine.getEnabledCipherSuites()));
        assertFalse(engine.getSSLParameters().getUseCipherSuitesOrder(), "the client's order decides");
        assertFalse(engine.getUseClientMode());
    }
}

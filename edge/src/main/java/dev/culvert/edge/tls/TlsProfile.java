package dev.culvert.edge.tls;

import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * What TLS is spoken with visitors and agents: Mozilla's <em>intermediate</em> profile, version 5.7
 * (https://wiki.mozilla.org/Security/Server_Side_TLS), on the JDK's own TLS ({@code docs/decisions/0007}).
 */
public final class TlsProfile {
    static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    /** In the profile's order; the client's order decides, as the profile has it. */
    static final List<String> CIPHERS = List.of(
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

    /** What Java 17 takes from the whole process alone: the profile's groups and DH size, and no renegotiation. */
    private static final Map<String, String> OF_PROCESS = Map.of(
            "jdk.tls.namedGroups", "x25519,secp256r1,secp384r1,ffdhe2048",
            "jdk.tls.ephemeralDHKeySize", "2048",
            "jdk.tls.rejectClientInitiatedRenegotiation", "true");

    private TlsProfile() {}

    /**
     * Sets what can only be set for the whole process, unless the operator has set it. To be called by a program before
     * its first use of TLS; who embeds an edge decides for himself.
     */
    public static void applyToProcess() {
        OF_PROCESS.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
    }

    /** Makes the server's end of a connection, which speaks one of these protocols where the client knows one. */
    static void applyTo(SSLEngine engine, List<String> applicationProtocols) {
        engine.setUseClientMode(false);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(PROTOCOLS.toArray(String[]::new));
        parameters.setCipherSuites(CIPHERS.toArray(String[]::new));
        parameters.setUseCipherSuitesOrder(false);
        engine.setSSLParameters(parameters);
        if (!applicationProtocols.isEmpty()) {
            // Not by parameters: with those a client that offers others alone (http/1.0) would be refused.
            engine.setHandshakeApplicationProtocolSelector((handshaking, offered) -> applicationProtocols.stream()
                    .filter(offered::contains)
                    .findFirst()
                    .orElse(""));
        }
    }
}

package dev.culvert.agent.dial;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.Base64;

/** A public key in one word: {@code sha256:} and the hash of its SubjectPublicKeyInfo in Base64, as HPKP wrote it. */
final class KeyPin {
    static final String PREFIX = "sha256:";
    static final int BYTES = 32;

    private KeyPin() {}

    static String of(X509Certificate certificate) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(certificate.getPublicKey().getEncoded());
            return PREFIX + Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

package dev.culvert.edge.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What is kept of a credential instead of the credential. */
final class Hash {
    private Hash() {}

    /**
     * SHA-256 of the text in UTF-8, in hex. Plain and fast on purpose: what is hashed here is random, so there is
     * nothing to guess that a slow hash would protect.
     */
    static String of(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

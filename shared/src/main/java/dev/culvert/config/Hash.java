package dev.culvert.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What is kept of a credential instead of the credential. */
public final class Hash {
    private Hash() {}

    /**
     * SHA-256 of the text in UTF-8, in hex. Plain and fast: for what is random, which nobody can guess, and for what is asked for
     * with each request.
     */
    public static String of(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

package dev.culvert.edge.demo;

import io.vertx.core.buffer.Buffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of bytes that come in pieces. */
final class Digest {
    private final MessageDigest sha256;
    private long bytes;

    Digest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    void update(Buffer piece) {
        sha256.update(piece.getBytes());
        bytes += piece.length();
    }

    /** How many bytes there were so far. */
    long bytes() {
        return bytes;
    }

    /** The digest of all of them; call it once. */
    byte[] value() {
        return sha256.digest();
    }
}

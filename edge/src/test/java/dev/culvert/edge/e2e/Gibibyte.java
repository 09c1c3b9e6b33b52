package dev.culvert.edge.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** More than every buffer between a target and its visitor, many times over. */
final class Gibibyte {
    static final long BYTES = 1024 * Memory.MIB;

    private Gibibyte() {}

    /** Fills a file with a GiB that no one can compress or mix up, and tells its SHA-256. */
    static String make(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        SplittableRandom random = new SplittableRandom(1);
        byte[] piece = new byte[(int) Memory.MIB];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long written = 0; written < BYTES; written += piece.length) {
                random.nextBytes(piece);
                digest.update(piece);
                out.write(piece);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The SHA-256 of the next GiB. */
    static String sha256(InputStream in) throws Exception {
        DigestInputStream digest = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"));
        byte[] piece = new byte[256 * 1024];
        for (long left = BYTES; left > 0; ) {
            int read = digest.read(piece, 0, (int) Math.min(piece.length, left));
            if (read < 0) {
                throw new IOException("%d bytes are missing".formatted(left));
            }
            left -= read;
        }
        return HexFormat.of().formatHex(digest.getMessageDigest().digest());
    }
}

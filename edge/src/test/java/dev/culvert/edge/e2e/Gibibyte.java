package dev.culvert.edge.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

/** More than every buffer between a target and its visitor, many times over: bytes that no one can compress or mix up. */
final class Gibibyte {
    static final long BYTES = 1024 * Memory.MIB;

    private final SplittableRandom random = new SplittableRandom(1);
    private final byte[] piece = new byte[(int) Memory.MIB];

    private Gibibyte() {}

    /** Fills a file with it. */
    static void make(Path file) throws IOException {
        Gibibyte gibibyte = new Gibibyte();
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long written = 0; written < BYTES; written += gibibyte.piece.length) {
                out.write(gibibyte.next());
            }
        }
    }

    /**
     * Reads it to its end, and no further; fails where it is another. By its bytes and not by a digest, which takes six times
     * as long where the JVM has one compiler.
     */
    static void assertNextOf(InputStream in) throws IOException {
        Gibibyte gibibyte = new Gibibyte();
        for (long read = 0; read < BYTES; read += gibibyte.piece.length) {
            int wrong = Arrays.mismatch(gibibyte.next(), in.readNBytes(gibibyte.piece.length));
            if (wrong >= 0) {
                throw new AssertionError("byte %d is another, or missing".formatted(read + wrong));
            }
        }
    }

    private byte[] next() {
        random.nextBytes(piece);
        return piece;
    }
}

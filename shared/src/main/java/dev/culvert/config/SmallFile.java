package dev.culvert.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that people write. A device says that it is empty and never ends, so that asking for its size is no help. */
public final class SmallFile {
    /** More is most likely the wrong file. */
    public static final int LARGEST_BYTES = 1024 * 1024;

    private SmallFile() {}

    /** The text; an {@link IOException} where there is none, or too much of it. */
    public static String text(Path file, int most) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(bytes(file, most));
        return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    }

    /** The bytes; an {@link IOException} where there are none, or too many. */
    public static byte[] bytes(Path file, int most) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(most + 1);
            if (bytes.length > most) {
                throw new IOException("it has more than %d bytes".formatted(most));
            }
            return bytes;
        }
    }
}

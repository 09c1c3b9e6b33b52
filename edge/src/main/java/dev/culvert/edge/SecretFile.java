package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.Secret;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file whose only line is a secret. */
final class SecretFile {
    /** Shorter ones can be guessed; 16 characters of hex are 64 bits. */
    private static final int SHORTEST = 16;

    private SecretFile() {}

    /** Reads it; blocks. Null where there is no file to be read. */
    static @Nullable Secret read(String option, @Nullable Path file) {
        if (file == null) {
            return null;
        }
        try {
            String text = SmallFile.text(file, SmallFile.LARGEST_BYTES).strip();
            if (text.length() < SHORTEST || text.lines().count() > 1) {
                throw new ConfigException(
                        "--%s: %s must hold one line of at least %d characters, for example what `openssl rand -hex 16` prints"
                                .formatted(option, file, SHORTEST));
            }
            return Secret.of(text);
        } catch (IOException e) {
            throw new ConfigException("--%s: %s".formatted(option, FileFaults.sentence(file, e)));
        }
    }
}

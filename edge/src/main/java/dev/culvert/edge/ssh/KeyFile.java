package dev.culvert.edge.ssh;

import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import dev.culvert.config.WatchedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The operator's list of keys: a {@link KeyLine} a line, with empty lines and lines that begin with {@code #}.
 *
 * @param option that names it
 */
record KeyFile(String option, Path path) implements WatchedFile.Source<Map<String, KeyLine>> {

    /** The lines by their fingerprints; the exception's message says which line of which file is wrong, and how. */
    @Override
    public Map<String, KeyLine> read() throws IOException {
        List<String> lines =
                SmallFile.text(path, SmallFile.LARGEST_BYTES).lines().toList();
        Map<String, KeyLine> keys = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                KeyLine read = KeyLine.parse(line);
                if (keys.putIfAbsent(read.fingerprint(), read) != null) {
                    throw new IllegalArgumentException("the key is in the file twice");
                }
            } catch (IllegalArgumentException | IllegalStateException e) {
                throw new IllegalArgumentException("%s, line %d: %s".formatted(path, i + 1, e.getMessage()), e);
            }
        }
        return keys;
    }

    @Override
    public String inWords(Throwable fault) {
        return option
                + ": "
                + (fault instanceof IOException cause
                        ? FileFaults.sentence(path, cause)
                        : Objects.requireNonNullElse(fault.getMessage(), fault.toString()));
    }

    @Override
    public String toString() {
        return path.toString();
    }
}

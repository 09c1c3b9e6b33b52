package dev.culvert.agent.folder;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which files of a folder visitors may see: those below it whose names do not begin with a dot, the files of version control and
 * of secrets among them, and that no symbolic link leads out. Blocks; safe for use by any thread.
 *
 * @param folder as it was named
 */
record ServedFolder(Path folder) {
    /** The page of a folder. */
    static final String INDEX = "index.html";

    /** The one name with a dot that the web knows (RFC 8615). */
    private static final String WELL_KNOWN = ".well-known";

    /** Entries of a folder on its page, a megabyte or so. */
    private static final int MOST_LISTED = 10_000;

    /**
     * What is there.
     *
     * @param path of a request, percent-encoded
     */
    Finding find(String path) throws IOException {
        try {
            return look(path);
        } catch (NoSuchFileException e) {
            return Finding.Nothing.IS_THERE; // Taken away this moment.
        }
    }

    private Finding look(String path) throws IOException {
        Path found = file(path).orElse(null);
        if (found == null) {
            return Finding.Nothing.IS_THERE;
        } else if (!Files.isDirectory(found)) {
            // A file's name with a slash behind it would be a second one for it.
            return Files.isRegularFile(found) && !path.endsWith("/")
                    ? Finding.Content.IS_THERE
                    : Finding.Nothing.IS_THERE;
        } else if (!path.endsWith("/")) {
            return Finding.Unfinished.IS_THERE;
        }
        return Files.isRegularFile(found.resolve(INDEX)) ? Finding.Content.IS_THERE : list(found);
    }

    private Optional<Path> file(String path) throws IOException {
        Path found = folder;
        for (String encoded : path.split("/")) {
            String name = decoded(encoded);
            if (name.isEmpty()) {
                continue; // Between two slashes, and before the first.
            } else if (isHidden(name) || name.chars().anyMatch(c -> c == '/' || c == '\\' || c == 0)) {
                return Optional.empty();
            }
            try {
                found = found.resolve(name);
            } catch (InvalidPathException e) {
                return Optional.empty();
            }
        }
        return isBelow(found) ? Optional.of(found) : Optional.empty();
    }

    private static String decoded(String name) {
        try {
            // A plus is a plus in a path.
            return QueryStringDecoder.decodeComponent(name.replace("+", "%2B"));
        } catch (IllegalArgumentException e) {
            return "."; // As hidden as the rest that makes no sense.
        }
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") && !name.equals(WELL_KNOWN);
    }

    /** Whether there is such a file, and it is where its path says. */
    private boolean isBelow(Path file) throws IOException {
        return Files.isReadable(file) && file.toRealPath().startsWith(folder.toRealPath());
    }

    private Finding list(Path found) throws IOException {
        List<Finding.Entry> entries = new ArrayList<>();
        try (Stream<Path> files = Files.list(found)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (isHidden(name) || !isBelow(file)) {
                    continue;
                } else if (entries.size() == MOST_LISTED) {
                    return listed(entries, true);
                }
                boolean isFolder = Files.isDirectory(file);
                long bytes = isFolder ? 0 : file.toFile().length(); // 0 for what has gone meanwhile.
                entries.add(new Finding.Entry(isFolder ? name + "/" : name, isFolder, bytes));
            }
        }
        return listed(entries, false);
    }

    private static Finding listed(List<Finding.Entry> entries, boolean more) {
        return new Finding.Listed(
                entries.stream()
                        .sorted(Comparator.comparing((Finding.Entry entry) -> !entry.isFolder())
                                .thenComparing(Finding.Entry::name, String.CASE_INSENSITIVE_ORDER))
                        .toList(),
                more);
    }
}

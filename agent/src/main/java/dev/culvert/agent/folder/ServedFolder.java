package dev.culvert.agent.folder;

import dev.culvert.agent.target.PercentEncoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Which files of a folder visitors may see: those below it whose names do not begin with a dot, the files of version control and
 * of secrets among them. A symbolic link is as good as what it leads to. Blocks; safe for use by any thread.
 *
 * @param folder as it was named
 */
record ServedFolder(Path folder) {
    /** The page of a folder. */
    static final String INDEX = "index.html";

    /** The one name with a dot that the web knows (RFC 8615). */
    private static final String WELL_KNOWN = ".well-known";

    /** What stands in a name where its bytes are no text. */
    private static final char NO_TEXT = '\uFFFD';

    /** Entries of a folder on its page, a megabyte or so. */
    private static final int MOST_LISTED = 10_000;

    /**
     * What is there.
     *
     * @param path of a request, percent-encoded
     */
    Finding find(String path) throws IOException {
        try {
            return look(path, folder.toRealPath());
        } catch (NoSuchFileException e) {
            return Finding.Other.NOTHING; // Or was taken away this moment.
        }
    }

    private Finding look(String path, Path root) throws IOException {
        Path found = file(path, root).orElse(null);
        if (found == null) {
            return Finding.Other.NOTHING;
        } else if (!Files.isDirectory(found)) {
            // A file's name with a slash behind it would be a second one for it.
            return path.endsWith("/") ? Finding.Other.NOTHING : content(found);
        } else if (!path.endsWith("/")) {
            return Finding.Other.FOLDER_WITHOUT_ITS_SLASH;
        }
        Path index = found.resolve(INDEX);
        return isShown(index, root) && Files.isRegularFile(index) ? content(index) : list(found, root);
    }

    private static Finding content(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return attributes.isRegularFile()
                ? new Finding.Content(attributes.lastModifiedTime().toInstant())
                : Finding.Other.NOTHING;
    }

    private Optional<Path> file(String path, Path root) throws IOException {
        Path found = folder;
        for (String encoded : path.split("/")) {
            if (encoded.isEmpty()) {
                continue; // Between two slashes, and before the first.
            }
            String name = decoded(encoded);
            if (!isShown(name)) {
                return Optional.empty();
            }
            try {
                found = found.resolve(name);
            } catch (InvalidPathException e) {
                return Optional.empty();
            }
        }
        return isShown(found, root) ? Optional.of(found) : Optional.empty();
    }

    private static String decoded(String name) {
        try {
            return PercentEncoding.decoded(name);
        } catch (IllegalArgumentException e) {
            return "."; // As hidden as the rest that makes no sense.
        }
    }

    /** Whether a file of that name may be seen, and can be asked for: there are others that read a backslash as a slash. */
    private static boolean isShown(String name) {
        return (!name.startsWith(".") || name.equals(WELL_KNOWN))
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == 0 || c == NO_TEXT);
    }

    /** Whether it is there, and it or what it leads to is below the folder, with no hidden name on the way. */
    private static boolean isShown(Path file, Path root) throws IOException {
        if (!Files.isReadable(file)) {
            return false;
        }
        Path real = file.toRealPath();
        return real.startsWith(root)
                && StreamSupport.stream(root.relativize(real).spliterator(), false)
                        .allMatch(name -> name.toString().isEmpty() || isShown(name.toString()));
    }

    private static Finding list(Path found, Path root) throws IOException {
        List<Finding.Entry> entries = new ArrayList<>();
        try (Stream<Path> files = Files.list(found)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Optional<Finding.Entry> entry = entry(file, root);
                if (entry.isPresent() && entries.size() == MOST_LISTED) {
                    return listed(entries, true);
                }
                entry.ifPresent(entries::add);
            }
        }
        return listed(entries, false);
    }

    private static Optional<Finding.Entry> entry(Path file, Path root) throws IOException {
        String name = file.getFileName().toString();
        if (!isShown(name)) {
            return Optional.empty();
        }
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isSymbolicLink()) {
                if (!isShown(file, root)) {
                    return Optional.empty();
                }
                attributes = Files.readAttributes(file, BasicFileAttributes.class);
            }
            return attributes.isDirectory()
                    ? Optional.of(new Finding.Entry(name + "/", true, 0))
                    : attributes.isRegularFile()
                            ? Optional.of(new Finding.Entry(name, false, attributes.size()))
                            : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty(); // Taken away this moment.
        }
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

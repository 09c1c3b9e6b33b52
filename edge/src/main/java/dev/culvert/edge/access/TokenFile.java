package dev.culvert.edge.access;

import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The operator's list of tokens: a {@link TokenLine} a line, with empty lines and comments after {@code #}. Holds hashes
 * only. Its methods block.
 */
public final class TokenFile {
    /** About 100,000 tokens. More is most likely the wrong file. */
    private static final int LARGEST_BYTES = 16 * 1024 * 1024;

    /** What is left of a file that had nothing but tokens: an empty one is taken for broken. Stays true when others are added. */
    private static final String NO_TOKENS = "# The tokens of this edge's agents\n";

    private final Path path;

    public TokenFile(Path path) {
        this.path = path;
    }

    Path path() {
        return path;
    }

    /** The lines by their hashes; the exception's message says which line of which file is wrong, and how. */
    Map<String, TokenLine> read() throws IOException, BrokenException {
        return parse(SmallFile.text(path, LARGEST_BYTES));
    }

    /**
     * The same for a file that had tokens before. An empty one is broken then: it is what is left of one that was copied to a
     * full disk. Who wants to have no tokens leaves a comment.
     */
    Map<String, TokenLine> readAgain() throws IOException, BrokenException {
        String text = SmallFile.text(path, LARGEST_BYTES);
        if (text.isBlank()) {
            throw new BrokenException(
                    "%s is empty; a line with a comment, like # none, says that there are to be no tokens"
                            .formatted(path));
        }
        return parse(text);
    }

    private Map<String, TokenLine> parse(String text) throws BrokenException {
        Map<String, TokenLine> tokens = new LinkedHashMap<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String content = withoutComment(lines.get(i));
            if (content.isBlank()) {
                continue;
            }
            try {
                TokenLine line = TokenLine.parse(content);
                if (tokens.putIfAbsent(line.hash(), line) != null) {
                    throw new IllegalArgumentException("the token of %s is in the file twice".formatted(line.owner()));
                }
            } catch (IllegalArgumentException e) {
                throw new BrokenException("%s, line %d: %s".formatted(path, i + 1, e.getMessage()));
            }
        }
        return tokens;
    }

    /**
     * Adds the line at the end. A file that does not exist is created for its owner's eyes only (mode 600), in one step,
     * so that it is at no time readable to others; a broken one is left alone.
     */
    public void append(TokenLine line) throws IOException, BrokenException {
        byte[] text = (line + "\n").getBytes(StandardCharsets.UTF_8);
        try (FileChannel created = FileChannel.open(
                path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly(path))) {
            create(created, text);
        } catch (FileAlreadyExistsException e) {
            try (FileChannel existing = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    FileLock lock = existing.lock()) {
                if (read().containsKey(line.hash())) {
                    throw new BrokenException("%s holds this token of %s already".formatted(path, line.owner()));
                }
                boolean newline = endsInsideLine(existing);
                replace(
                        existing,
                        existing.size(),
                        newline ? ("\n" + line + "\n").getBytes(StandardCharsets.UTF_8) : text);
            }
        }
    }

    /** The tokens there are, in their order. */
    public List<TokenLine> lines() throws IOException, BrokenException {
        return List.copyOf(read().values());
    }

    /**
     * Takes lines out and leaves all others, comments too, as they are; where there are no others it leaves a comment.
     * Written in place, so that the file keeps its owner and mode; a broken one is left alone.
     *
     * @return the lines that were taken out
     */
    public List<TokenLine> remove(Predicate<TokenLine> withdrawn) throws IOException, BrokenException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            List<TokenLine> removed = lines().stream().filter(withdrawn).toList();
            if (!removed.isEmpty()) {
                StringBuilder rest = new StringBuilder();
                for (String text :
                        Files.readString(path, StandardCharsets.UTF_8).lines().toList()) {
                    String content = withoutComment(text);
                    if (content.isBlank() || !removed.contains(TokenLine.parse(content))) {
                        rest.append(text).append('\n');
                    }
                }
                if (rest.toString().isBlank()) {
                    rest.append(NO_TOKENS); // Shorter than the line that was there.
                }
                replace(file, 0, rest.toString().getBytes(StandardCharsets.UTF_8));
            }
            return removed;
        }
    }

    private static FileAttribute<?>[] ownerOnly(Path path) {
        boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    private static boolean endsInsideLine(FileChannel file) throws IOException {
        if (file.size() == 0) {
            return false;
        }
        ByteBuffer last = ByteBuffer.allocate(1);
        file.read(last, file.size() - 1);
        return last.get(0) != '\n';
    }

    private void create(FileChannel created, byte[] text) throws IOException {
        try {
            write(created, 0, text);
            created.force(true);
        } catch (IOException e) {
            Files.delete(path);
            throw e;
        }
    }

    /**
     * Puts the text in the place of all from there on. Where that fails, as on a full disk, the file is as it was: half a line
     * would break it for every reader.
     */
    private static void replace(FileChannel file, long from, byte[] text) throws IOException {
        ByteBuffer before = ByteBuffer.allocate(Math.toIntExact(file.size() - from));
        int read = 0;
        while (before.hasRemaining() && read >= 0) {
            read = file.read(before, from + before.position());
        }
        try {
            write(file, from, text);
            file.truncate(from + text.length);
            file.force(true); // Some disks say only here that they are full.
        } catch (IOException e) {
            try {
                write(file, from, before.array());
                file.truncate(from + before.capacity());
            } catch (IOException alsoFailed) {
                e.addSuppressed(alsoFailed);
            }
            throw e;
        }
    }

    private static void write(FileChannel file, long from, byte[] text) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(text);
        while (buffer.hasRemaining()) {
            file.write(buffer, from + buffer.position());
        }
    }

    private static String withoutComment(String line) {
        int comment = line.indexOf('#');
        return comment < 0 ? line : line.substring(0, comment);
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /** The file is not a list of tokens; the message names the line. */
    public static final class BrokenException extends Exception {
        BrokenException(String message) {
            super(message);
        }
    }
}

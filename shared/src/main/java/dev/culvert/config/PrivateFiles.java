package dev.culvert.config;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The files of a folder that only its owner may read, changed by one process at a time and never seen half written.
 * Blocks.
 */
public final class PrivateFiles {
    /** A file's lock belongs to the whole process; within it, this one keeps agents apart. */
    private static final Object PROCESS = new Object();

    private final Path folder;

    public PrivateFiles(Path folder) {
        this.folder = folder;
    }

    public Path folder() {
        return folder;
    }

    /** What is done while nobody else changes the files. */
    public interface Change<T> {
        T run() throws IOException;
    }

    /** Runs alone among all processes that use the folder; creates it where it is missing. */
    @CanIgnoreReturnValue
    public <T> T alone(Change<T> change) throws IOException {
        synchronized (PROCESS) {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder, mode("rwx------"));
            }
            try (FileChannel channel = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                assert lock.isValid();
                return change.run();
            }
        }
    }

    /** The file's text; empty when there is no such file. */
    public String read(String file) throws IOException {
        Path path = folder.resolve(file);
        return Files.exists(path) ? Files.readString(path) : "";
    }

    /** Replaces the file: a reader sees the old one or the new one. */
    public void write(String file, String text) throws IOException {
        // Without the file's name, which may be as long as names can be.
        Path fresh = Files.createTempFile(folder, "", ".new", mode("rw-------"));
        try {
            Files.writeString(fresh, text);
            move(fresh, folder.resolve(file));
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Windows has no modes; there the user's own folder keeps others out. */
    private static FileAttribute<?>[] mode(String permissions) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}

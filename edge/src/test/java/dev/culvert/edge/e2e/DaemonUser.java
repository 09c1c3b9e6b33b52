package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The user {@code postgres}, whom Debian makes for servers that refuse to run as root. Has a folder of its own, because it
 * cannot reach that of the test.
 */
final class DaemonUser implements AutoCloseable {
    static final String NAME = "postgres";

    private final Stage stage;
    private final Path folder;

    private DaemonUser(Stage stage, Path folder) {
        this.stage = stage;
        this.folder = folder;
    }

    static DaemonUser on(Stage stage) throws IOException {
        Path folder = Files.createTempDirectory(
                "culvert-daemon-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        DaemonUser user = stage.keep(new DaemonUser(stage, folder));
        user.give(folder);
        return user;
    }

    Path folder() {
        return folder;
    }

    /** Makes it the user's own. */
    void give(Path file) throws IOException {
        UserPrincipal owner =
                file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(NAME);
        Files.setOwner(file, owner);
    }

    /** Starts a program as the user. */
    Program start(String name, String... command) throws IOException {
        List<String> whole = new ArrayList<>(List.of("/usr/bin/env", "--chdir=" + folder));
        whole.addAll(
                List.of(Program.installed("setpriv"), "--reuid=" + NAME, "--regid=" + NAME, "--clear-groups", "--"));
        whole.addAll(Arrays.asList(command));
        return stage.program(name, whole);
    }

    @Override
    public void close() throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path inside, IOException fault) throws IOException {
                Files.deleteIfExists(inside);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}

package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checkout whose programs are tested. */
final class Checkout {
    private static final Path HOME = find();

    private Checkout() {}

    static Path home() {
        return HOME;
    }

    /** The program that users start. */
    static Path launcher() {
        return HOME.resolve("culvert");
    }

    /** A folder for what the tests leave behind or share, made when it is missing. */
    static Path output(String name) throws IOException {
        return Files.createDirectories(HOME.resolve("edge/target").resolve(name));
    }

    /** Files that tests start from: {@code edge/src/test/resources/e2e/name}. */
    static Path fixture(String name) {
        return HOME.resolve("edge/src/test/resources/e2e").resolve(name);
    }

    private static Path find() {
        // Maven says where it is; other runners start in the module or at the top.
        Path start = Path.of(System.getProperty("culvert.home", "")).toAbsolutePath();
        for (Path folder = start; folder != null; folder = folder.getParent()) {
            if (Files.isExecutable(folder.resolve("culvert")) && Files.isDirectory(folder.resolve("edge"))) {
                return folder;
            }
        }
        throw new AssertionError("there is no checkout of Culvert at or above " + start);
    }
}

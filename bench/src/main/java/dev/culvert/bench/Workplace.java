package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where one run of the bench works.
 *
 * @param home the checkout's folder
 * @param folder for all files that the run needs; removed at its end
 */
record Workplace(Path home, Path folder) implements AutoCloseable {
    static Workplace make(Path home) throws IOException {
        // In memory where there is such a folder: what is measured is no disk.
        Path shm = Path.of("/dev/shm");
        Path folder = Files.isDirectory(shm)
                ? Files.createTempDirectory(shm, "culvert-bench-")
                : Files.createTempDirectory("culvert-bench-");
        return new Workplace(home, folder);
    }

    /** Starts Culvert's programs as users do. */
    Path launcher() {
        return home.resolve("culvert");
    }

    /** Where {@code bench/run} puts what comes from npm. */
    Path npm() {
        return home.resolve("bench/target/npm");
    }

    @Override
    public void close() throws IOException, InterruptedException {
        new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor();
    }
}

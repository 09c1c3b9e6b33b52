package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Programs from npm, as {@code ./verify} installs them. */
final class NpmPackages {
    /** A hundred packages from the npm registry, on a machine that may be busy. */
    private static final Duration INSTALL = Duration.ofMinutes(3);

    private NpmPackages() {}

    /** The folder with the packages of a fixture's lock file; fetches them when they are not there yet. */
    static Path installed(Stage stage, String fixture) throws IOException {
        Path npm = Files.createDirectories(Checkout.home().resolve("target/npm").resolve(fixture));
        boolean same = true;
        for (String file : List.of("package.json", "package-lock.json")) {
            byte[] wanted = Files.readAllBytes(Checkout.fixture(fixture).resolve(file));
            Path there = npm.resolve(file);
            same &= Files.exists(there) && Arrays.equals(wanted, Files.readAllBytes(there));
            Files.write(there, wanted);
        }
        // npm's own, once it has put everything there.
        if (!same || !Files.exists(npm.resolve("node_modules/.package-lock.json"))) {
            Program install = stage.keep(Program.start(
                    "npm ci",
                    npm,
                    Map.of(),
                    List.of(Program.installed("npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error")));
            if (install.exitCode(INSTALL) != 0) {
                throw new AssertionError("npm could not fetch %s: %s".formatted(fixture, install.said()));
            }
        }
        return npm;
    }
}

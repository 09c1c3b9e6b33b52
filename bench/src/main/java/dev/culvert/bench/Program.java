package dev.culvert.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs that are run to their end. */
final class Program {
    private Program() {}

    /** What it said on both outputs; fails, saying it, when it ended with a fault. */
    static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new BenchException("%s failed:\n%s".formatted(command, said));
        }
        return said;
    }
}

package dev.culvert.edge.e2e;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of curl.
 *
 * @param exitCode 0 when it got an answer
 * @param out the body
 * @param told what it said about it, with {@code -v}
 */
record Curl(int exitCode, String out, String told) {
    /** Takes every host for this machine; the URL says the port. */
    static Curl run(Stage stage, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Program.installed("curl"), "-sS", "-v", "--max-time", "30"));
        command.addAll(List.of("--connect-to", "::127.0.0.1:"));
        command.addAll(List.of(arguments));
        Program program = stage.program("curl", command);
        int exitCode = program.exitCode();
        return new Curl(
                exitCode,
                String.join("\n", program.out().awaitEnd()),
                String.join("\n", program.err().awaitEnd()));
    }

    @Override
    public String toString() {
        return "curl ended with %d%n%s%n%s".formatted(exitCode, told, out);
    }
}

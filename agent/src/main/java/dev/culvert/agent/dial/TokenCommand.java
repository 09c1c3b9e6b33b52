package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A token that a command prints. What it writes to its standard error is for people: the last line of it stands in the
 * fault where there is one.
 *
 * @param line as a person types it into the shell
 * @param longest how long it may run; then it is ended, with what it has started
 */
record TokenCommand(String line, Duration longest) implements TokenSource {
    TokenCommand {
        if (line.isBlank()) {
            throw new IllegalArgumentException("must not be empty");
        }
    }

    @Override
    public Secret token() throws IOException {
        // It has nobody to ask.
        CommandRun run = CommandRun.of("its command", shell(), Map.of(), "", longest);
        if (run.exitCode() != 0) {
            throw run.failure();
        }
        String token = run.printed().strip();
        if (token.isEmpty()) {
            throw new IOException("its command printed nothing");
        }
        return Secret.of(token);
    }

    private List<String> shell() {
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        return windows ? List.of("cmd.exe", "/c", line) : List.of("/bin/sh", "-c", line);
    }
}

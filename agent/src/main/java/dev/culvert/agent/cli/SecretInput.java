package dev.culvert.agent.cli;

import dev.culvert.agent.dial.TokenSource;
import java.io.ByteArrayOutputStream;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Where a secret is typed or piped in. */
@FunctionalInterface
interface SecretInput {
    /**
     * Asks a person, without showing what is typed, or reads the first line of what is piped in. Blocks.
     *
     * @param prompt what a person is asked
     * @return empty when there is none
     */
    String read(String prompt) throws IOException;

    /** From this process's terminal or standard input. */
    @SuppressWarnings("SystemConsoleNull") // Java 17 to 21 return null.
    static SecretInput ofProcess(boolean terminal) {
        return prompt -> {
            Console console = System.console();
            if (terminal && console != null) {
                char[] typed = console.readPassword("%s", prompt);
                return typed == null ? "" : new String(typed).strip();
            }
            return line(System.in);
        };
    }

    /** The first line, byte by byte: what follows is somebody else's. */
    static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        while (next >= 0 && next != '\n') {
            if (line.size() == TokenSource.MOST_BYTES) {
                throw new CommandFailedException("standard input is too long for a token");
            }
            line.write(next);
            next = in.read();
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }
}

package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A token that a command prints. What it writes to its standard error is for people: the last line of it stands in the
 * fault where there is one.
 *
 * @param line as a person types it into the shell
 * @param longest how long it may run; then it is ended, with what it has started
 */
record TokenCommand(String line, Duration longest) implements TokenSource {
    /** Longer than a round trip to an identity provider takes, and no longer than a person waits. */
    static final Duration LONGEST = Duration.ofSeconds(30);

    /** Bytes of its standard error, the last ones, that are kept while it runs. */
    private static final int MOST_KEPT = 4096;

    /** Between two looks whether it has ended. */
    private static final long LOOK_MILLIS = 20;

    /** For the rest of what it has printed, once it has ended; it is there at once, unless others have its outputs too. */
    private static final long GRACE_MILLIS = 500;

    /** Characters of the last line of them that are shown. */
    private static final int MOST_SHOWN = 300;

    TokenCommand {
        if (line.isBlank()) {
            throw new IllegalArgumentException("must not be empty");
        }
    }

    @Override
    public Secret token() throws IOException {
        long begunNanos = System.nanoTime();
        Process process = new ProcessBuilder(shell()).start();
        try {
            process.getOutputStream().close(); // It has nobody to ask.
            Heard printed = new Heard(process.getInputStream(), MOST_BYTES + 1, false);
            Heard told = new Heard(process.getErrorStream(), MOST_KEPT, true);
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                if (printed.isFull()) {
                    throw new IOException("its command printed more than %d bytes".formatted(MOST_BYTES));
                } else if (System.nanoTime() - begunNanos > longest.toNanos()) {
                    throw new IOException("its command took longer than %d s".formatted(longest.toSeconds()));
                }
            }
            String token = printed.all().strip();
            if (process.exitValue() != 0) {
                String why = lastLine(told.all());
                throw new IOException("its command ended with exit code %d%s"
                        .formatted(process.exitValue(), why.isEmpty() ? "" : ": " + why));
            } else if (printed.isFull()) {
                throw new IOException("its command printed more than %d bytes".formatted(MOST_BYTES));
            } else if (token.isEmpty()) {
                throw new IOException("its command printed nothing");
            }
            return Secret.of(token);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("its command was stopped");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private List<String> shell() {
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        return windows ? List.of("cmd.exe", "/c", line) : List.of("/bin/sh", "-c", line);
    }

    private static String lastLine(String text) {
        String last = text.lines()
                .filter(line -> !line.isBlank())
                .reduce("", (before, line) -> line)
                .strip();
        return last.length() > MOST_SHOWN ? last.substring(0, MOST_SHOWN) + "…" : last;
    }

    /**
     * What one of its outputs has said so far. Both are read at once, or the command would wait for the one that is not; all is read,
     * and a part kept. Safe for use by any thread.
     */
    private static final class Heard {
        private final InputStream in;
        private final int most;
        private final boolean keepsEnd;
        private final Thread reader;
        private byte[] kept = new byte[0];

        Heard(InputStream in, int most, boolean keepsEnd) {
            this.in = in;
            this.most = most;
            this.keepsEnd = keepsEnd;
            this.reader = new Thread(this::read, "culvert-token-command");
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            byte[] part = new byte[MOST_KEPT];
            try {
                for (int length = in.read(part); length >= 0; length = in.read(part)) {
                    keep(part, length);
                }
            } catch (IOException e) {
                // What came until then is what there is.
            }
        }

        private synchronized void keep(byte[] part, int length) {
            byte[] longer = Arrays.copyOf(kept, kept.length + length);
            System.arraycopy(part, 0, longer, kept.length, length);
            int over = Math.max(0, longer.length - most);
            kept = keepsEnd
                    ? Arrays.copyOfRange(longer, over, longer.length)
                    : Arrays.copyOf(longer, longer.length - over);
        }

        synchronized boolean isFull() {
            return kept.length == most;
        }

        /** All, once the command has ended; what it has left running may hold its outputs open. */
        String all() throws InterruptedException {
            reader.join(GRACE_MILLIS);
            synchronized (this) {
                return new String(kept, StandardCharsets.UTF_8);
            }
        }
    }
}

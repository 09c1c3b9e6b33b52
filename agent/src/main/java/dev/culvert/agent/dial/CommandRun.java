package dev.culvert.agent.dial;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a command has printed that has ended, in bounded time.
 *
 * @param name what it is called in faults
 * @param told the end of what it wrote to its standard error, which is for people
 */
record CommandRun(String name, int exitCode, String printed, String told) {
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

    /**
     * Runs it. Blocks.
     *
     * @param line the program and its arguments
     * @param environment variables that it gets where this process has them not
     * @param input all that it gets to read, less than a pipe holds
     * @param longest how long it may run; then it is ended, with what it has started
     * @throws NotStartedException where there is no such program
     * @throws IOException where it does not end, or prints more than a token may have
     */
    static CommandRun of(
            String name, List<String> line, Map<String, String> environment, String input, Duration longest)
            throws IOException {
        long begunNanos = System.nanoTime();
        ProcessBuilder builder = new ProcessBuilder(line);
        environment.forEach(builder.environment()::putIfAbsent);
        Process process = start(builder);
        try {
            say(process, input);
            Heard printed = new Heard(process.getInputStream(), TokenSource.MOST_BYTES + 1, false);
            Heard told = new Heard(process.getErrorStream(), MOST_KEPT, true);
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                if (printed.isFull()) {
                    throw tooMuch(name);
                } else if (System.nanoTime() - begunNanos > longest.toNanos()) {
                    throw new IOException("%s took longer than %d s".formatted(name, longest.toSeconds()));
                }
            }
            CommandRun run = new CommandRun(name, process.exitValue(), printed.all(), told.all());
            if (run.exitCode() == 0 && printed.isFull()) {
                throw tooMuch(name);
            }
            return run;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(name + " was stopped");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static Process start(ProcessBuilder builder) throws NotStartedException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new NotStartedException(e);
        }
    }

    private static void say(Process process, String input) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It has ended without reading; why, it says itself.
        }
    }

    private static IOException tooMuch(String name) {
        return new IOException("%s printed more than %d bytes".formatted(name, TokenSource.MOST_BYTES));
    }

    /** The program is not there, or cannot be run. */
    static final class NotStartedException extends IOException {
        NotStartedException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** That it has failed, in its own last words. */
    IOException failure() {
        String why = lastLine(told);
        return new IOException(
                "%s ended with exit code %d%s".formatted(name, exitCode, why.isEmpty() ? "" : ": " + why));
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
            this.reader = new Thread(this::read, "culvert-command");
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

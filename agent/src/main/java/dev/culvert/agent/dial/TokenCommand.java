package dev.culvert.agent.dial;

import dev.culvert.config.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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
            FutureTask<byte[]> printed = aside(() -> process.getInputStream().readNBytes(MOST_BYTES + 1));
            FutureTask<String> words = aside(() -> lastLine(process.getErrorStream()));
            byte[] bytes = printed.get(left(begunNanos), TimeUnit.NANOSECONDS);
            if (bytes.length > MOST_BYTES) {
                throw new IOException("its command printed more than %d bytes".formatted(MOST_BYTES));
            }
            if (!process.waitFor(left(begunNanos), TimeUnit.NANOSECONDS)) {
                throw new TimeoutException();
            }
            if (process.exitValue() != 0) {
                String why = words.get(left(begunNanos), TimeUnit.NANOSECONDS);
                throw new IOException("its command ended with exit code %d%s"
                        .formatted(process.exitValue(), why.isEmpty() ? "" : ": " + why));
            }
            String token = new String(bytes, StandardCharsets.UTF_8).strip();
            if (token.isEmpty()) {
                throw new IOException("its command printed nothing");
            }
            return Secret.of(token);
        } catch (TimeoutException e) {
            throw new IOException("its command took longer than %d s".formatted(longest.toSeconds()), e);
        } catch (ExecutionException e) {
            throw new IOException("what its command printed could not be read", e);
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

    private long left(long begunNanos) {
        return longest.toNanos() - (System.nanoTime() - begunNanos);
    }

    /** All is read, so that the command does not wait, and only the end of it kept. */
    private static String lastLine(InputStream in) throws IOException {
        byte[] end = new byte[0];
        byte[] part = new byte[MOST_KEPT];
        for (int length = in.read(part); length >= 0; length = in.read(part)) {
            byte[] longer = Arrays.copyOf(end, end.length + length);
            System.arraycopy(part, 0, longer, end.length, length);
            end = Arrays.copyOfRange(longer, Math.max(0, longer.length - MOST_KEPT), longer.length);
        }
        String last = new String(end, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank())
                .reduce("", (before, line) -> line)
                .strip();
        return last.length() > MOST_SHOWN ? last.substring(0, MOST_SHOWN) + "…" : last;
    }

    /** Both outputs have to be read at once, or the command waits for the one that is not. */
    private static <T> FutureTask<T> aside(Callable<T> reading) {
        FutureTask<T> task = new FutureTask<>(reading);
        Thread thread = new Thread(task, "culvert-token-command");
        thread.setDaemon(true);
        thread.start();
        return task;
    }
}

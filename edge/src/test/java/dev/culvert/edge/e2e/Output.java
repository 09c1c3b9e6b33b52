package dev.culvert.edge.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines that a program writes, as they come. Each is awaited once: later waits look behind it. */
final class Output {
    private final String of;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    private int seen;
    private boolean ended;

    Output(String of, InputStream from) {
        this.of = of;
        reader = new Thread(() -> read(from), of);
        reader.setDaemon(true);
        reader.start();
    }

    /** The next line that contains the pattern. Fails when none came within {@link Stage#PATIENCE}. */
    Matcher await(String pattern) {
        return await(pattern, Stage.PATIENCE);
    }

    /** The next line that contains the pattern. */
    Matcher await(String pattern, Duration patience) {
        Pattern compiled = Pattern.compile(pattern);
        String line =
                await("a line with " + pattern, text -> compiled.matcher(text).find(), patience);
        Matcher matcher = compiled.matcher(line);
        matcher.find();
        return matcher;
    }

    /** The next line that is as wanted. */
    synchronized String await(String what, Predicate<String> wanted, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            while (seen < lines.size()) {
                String line = lines.get(seen++);
                if (wanted.test(line)) {
                    return line;
                }
            }
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (ended || left <= 0) {
                throw new AssertionError("%s: %s without %s; it said:\n%s"
                        .formatted(of, ended ? "ended" : patience + " passed", what, String.join("\n", lines)));
            }
            await(left);
        }
    }

    /** All lines, once there will be no more. */
    List<String> awaitEnd() {
        try {
            reader.join(Stage.PATIENCE.toMillis());
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
        synchronized (this) {
            if (!ended) {
                throw new AssertionError(of + " is still open; it said:\n" + String.join("\n", lines));
            }
            return List.copyOf(lines);
        }
    }

    /** All lines so far. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    private void await(long millis) {
        try {
            wait(millis);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for " + of, e);
        }
    }

    private void read(InputStream from) {
        try (BufferedReader text = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            for (String line = text.readLine(); line != null; line = text.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(" + e.getMessage() + ")");
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        notifyAll();
    }
}

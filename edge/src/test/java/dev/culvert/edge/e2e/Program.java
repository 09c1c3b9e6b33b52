package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A process of a test, with what it says on both outputs. It and its children are ended with the test. */
final class Program implements AutoCloseable {
    private static final int LINES_TOLD = 200;

    private final String name;
    private final Process process;
    private final Output out;
    private final Output err;

    private Program(String name, Process process) {
        this.name = name;
        this.process = process;
        out = new Output(name, process.getInputStream());
        err = new Output(name + " (errors)", process.getErrorStream());
    }

    /**
     * Starts it.
     *
     * @param environment added to that of the tests
     */
    static Program start(String name, Path folder, Map<String, String> environment, List<String> command)
            throws IOException {
        List<String> whole = new ArrayList<>();
        if (System.getProperty("os.name").equals("Linux")) {
            // Who starts the tests in the background may have switched Ctrl-C off for all that they start.
            whole.addAll(List.of("/usr/bin/env", "--default-signal=INT"));
        }
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole).directory(folder.toFile());
        // What the caller's shell has set must not reach the programs under test.
        builder.environment().keySet().removeIf(key -> key.startsWith("CULVERT_"));
        builder.environment().putAll(environment);
        return new Program(name, builder.start());
    }

    /** Where a program is installed; fails, naming it, when it is not. */
    static String installed(String program) {
        return Stream.concat(Stream.of(System.getenv("PATH").split(":")), Stream.of("/usr/sbin", "/sbin"))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Path::toString)
                .orElseThrow(() -> new AssertionError(
                        program + " is not installed, and this test needs it; ./verify installs it"));
    }

    /** What it writes to standard output. */
    Output out() {
        return out;
    }

    /** What it writes to standard error. */
    Output err() {
        return err;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for its end. */
    int exitCode() {
        return exitCode(Stage.PATIENCE);
    }

    /** Waits for its end. */
    int exitCode(Duration patience) {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("%s still runs after %s".formatted(name, patience) + said());
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for the end of " + name, e);
        }
        return process.exitValue();
    }

    /** What a person types at it. */
    void type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** What Ctrl-C does, to this process. */
    void interrupt() throws IOException {
        signal("INT");
    }

    /** Asks it to end. */
    void terminate() throws IOException {
        signal("TERM");
    }

    /** Ends it without a chance to say anything, and waits until it is gone. */
    void kill() {
        process.destroyForcibly();
        exitCode();
    }

    /** Stops it where it is: its connections stay open, and nothing is read from them. */
    void suspend() throws IOException {
        signal("STOP");
    }

    void resume() throws IOException {
        signal("CONT");
    }

    /** The processes it started, and theirs. */
    List<ProcessHandle> descendants() {
        return process.descendants().toList();
    }

    private void signal(String signal) throws IOException {
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                    .redirectErrorStream(true)
                    .start();
            if (kill.waitFor() != 0) {
                throw new AssertionError("cannot send %s to %s: %s"
                        .formatted(
                                signal, name, new String(kill.getInputStream().readAllBytes())));
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    /** What it said, for a message; of very much the end. */
    String said() {
        return "\n--- %s said:\n%s\n--- and on standard error:\n%s\n---".formatted(name, end(out), end(err));
    }

    private static String end(Output output) {
        List<String> lines = output.lines();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_TOLD), lines.size()));
    }

    /** Ends it and what it started, at once. */
    @Override
    public void close() {
        List<ProcessHandle> family = descendants();
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
        exitCode();
    }

    @Override
    public String toString() {
        return "%s (%d)".formatted(name, pid());
    }
}

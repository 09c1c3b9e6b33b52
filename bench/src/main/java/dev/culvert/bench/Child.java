package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A program that the bench has started. What it says goes to a file. */
final class Child implements AutoCloseable {
    /** How long a program may take to say that it is ready: generous, because several start at once. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Those that run. Whoever started one may fail, or be stopped, before it is in anybody's hands. */
    private static final Set<Child> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Child::close), "end of children"));
    }

    private final String name;
    private final Process process;
    private final Path said;

    private Child(String name, Process process, Path said) {
        this.name = name;
        this.process = process;
        this.said = said;
    }

    /** Starts it, with both outputs into a file of the folder. */
    static Child start(String name, Path folder, Map<String, String> environment, List<String> command)
            throws IOException {
        Path said = Files.createTempFile(folder, name + "-", ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        builder.environment().putAll(environment);
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        Child child = new Child(name, builder.start(), said);
        RUNNING.add(child);
        return child;
    }

    /** Its process and those that it has started. */
    Stream<Long> pids() {
        return Stream.concat(Stream.of(process.pid()), process.descendants().map(ProcessHandle::pid));
    }

    /** Waits until it has said something like this, and tells what. */
    Matcher await(String regex) throws IOException, InterruptedException {
        return await(regex, PATIENCE);
    }

    /** The same for what takes long. */
    Matcher await(String regex, Duration patience) throws IOException, InterruptedException {
        Pattern pattern = Pattern.compile(regex);
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < deadline) {
            Matcher found = pattern.matcher(Files.readString(said));
            if (found.find()) {
                return found;
            }
            if (!process.isAlive()) {
                break;
            }
            Thread.sleep(20);
        }
        throw new BenchException("%s did not say \"%s\"; it said:\n%s".formatted(name, regex, Files.readString(said)));
    }

    /** Waits until it has said something like this so many times. */
    void awaitCount(String regex, int count) throws IOException, InterruptedException {
        Pattern pattern = Pattern.compile(regex);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (pattern.matcher(Files.readString(said)).results().count() < count) {
            if (System.nanoTime() > deadline || !process.isAlive()) {
                throw new BenchException("%s did not say \"%s\" %d times; it said:\n%s"
                        .formatted(name, regex, count, Files.readString(said)));
            }
            Thread.sleep(100);
        }
    }

    /** Waits until somebody listens on a port of this machine. */
    void awaitPort(int port) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Ports.isTaken(port)) {
            if (System.nanoTime() > deadline || !process.isAlive()) {
                throw new BenchException(
                        "%s does not listen on %d; it said:\n%s".formatted(name, port, Files.readString(said)));
            }
            Thread.sleep(20);
        }
    }

    /** Ends it without a chance to say anything. */
    void kill() {
        process.destroyForcibly();
    }

    /** Ends it and what it has started; done for those that are left at the end of the bench, however that comes. */
    @Override
    public void close() {
        RUNNING.remove(this);
        List<ProcessHandle> family = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        family.forEach(ProcessHandle::destroy);
        for (ProcessHandle member : family) {
            try {
                member.onExit().get(5, TimeUnit.SECONDS);
            } catch (Exception e) {
                member.destroyForcibly();
            }
        }
    }
}

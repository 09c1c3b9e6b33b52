package dev.culvert.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Programs that are run to their end. */
final class Program {
    private Program() {}

    /** What starts another main class of this one's. */
    static List<String> java(Class<?> main, List<String> arguments) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        // Where it works is another folder.
        String classes = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(part -> Path.of(part).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        Stream<String> before = Stream.of(java, "-cp", classes, main.getName());
        return Stream.concat(before, arguments.stream()).toList();
    }

    /** What it said on both outputs; fails, saying it, when it ended with a fault. */
    static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new BenchException("%s failed:\n%s".formatted(command, said));
        }
        return said;
    }

    /** Tells a JVM something by the JDK's {@code jcmd}. */
    static String jcmd(long pid, String... command) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/jcmd", "" + pid));
        whole.addAll(List.of(command));
        return run(whole);
    }
}

package dev.culvert.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildTest {
    @TempDir
    Path folder;

    /** A bench that starts a program and fails before anybody can end it. */
    public static void main(String[] arguments) throws Exception {
        Child child = Child.start("sleep", Path.of(arguments[0]), Map.of(), List.of("sleep", "1000"));
        System.out.println(child.pids().findFirst().orElseThrow());
        System.exit(1);
    }

    @Test
    void programsEndWithTheBenchHoweverThatEnds() throws Exception {
        // Given
        Process bench = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ChildTest.class.getName(),
                        Files.createDirectory(folder.resolve("said")).toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();

        // When
        long started = Long.parseLong(new String(bench.getInputStream().readAllBytes(), US_ASCII).strip());
        assertTrue(bench.waitFor(30, TimeUnit.SECONDS), "the bench has not ended");

        // Then
        assertTrue(ProcessHandle.of(started).isEmpty(), "it runs on");
    }
}

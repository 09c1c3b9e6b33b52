package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a process takes of the machine's memory, and what it was told to take, as Linux tells it. */
final class Memory {
    static final long MIB = 1024 * 1024;

    /**
     * What a JVM takes beside the heap and the direct memory that it was given, in bytes: classes and their metadata,
     * compiled code, the stacks of its threads, the jar that is mapped. 150 MiB were seen at the edge, whose Hazelcast
     * brings most of the classes.
     */
    private static final long JVM_BYTES = 200 * MIB;

    private Memory() {}

    /** The most that a process has had resident at once so far, in bytes: heap, direct memory and all the rest. */
    static long peakBytes(Program program) throws IOException {
        return status(program, "VmHWM");
    }

    /** What a process has resident now, in bytes. */
    static long residentBytes(Program program) throws IOException {
        return status(program, "VmRSS");
    }

    /** What a JVM may have resident by the options it was started with, in bytes: heap, direct memory, and the rest. */
    static long ceilingBytes(Program program) throws IOException {
        String command = Files.readString(Path.of("/proc", Long.toString(program.pid()), "cmdline"));
        return option(command, "-Xmx") + option(command, "-XX:MaxDirectMemorySize=") + JVM_BYTES;
    }

    /**
     * That a JVM never had more resident than its options allow, and says how much it had.
     *
     * @see #ceilingBytes(Program)
     */
    static void assertUnderCeiling(Program program) throws IOException {
        long peak = peakBytes(program);
        long ceiling = ceilingBytes(program);
        System.out.printf("%s: at most %d MiB resident, ceiling %d MiB%n", program, peak / MIB, ceiling / MIB);
        if (peak > ceiling) {
            throw new AssertionError(
                    "%s had %d MiB resident, over its ceiling of %d MiB".formatted(program, peak / MIB, ceiling / MIB));
        }
    }

    private static long option(String command, String option) {
        Matcher found = Pattern.compile(Pattern.quote(option) + "(\\d+)m").matcher(command);
        if (!found.find()) {
            throw new AssertionError("the launcher sets no %sNm: %s".formatted(option, command.replace('\0', ' ')));
        }
        return Long.parseLong(found.group(1)) * MIB;
    }

    private static long status(Program program, String field) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(program.pid()), "status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no %s of %s: has it ended?".formatted(field, program)));
    }
}

package dev.culvert.edge.e2e;

import dev.culvert.lane.LaneOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** What a process takes of the machine's memory, and what it was told to take, as Linux tells it. */
final class Memory {
    static final long MIB = 1024 * 1024;

    /**
     * What a JVM takes beside the heap and the direct memory that it was given, in bytes: classes and their metadata,
     * compiled code, the stacks of its threads, the jar that is mapped. Generous: an edge that had carried a GiB each way
     * was seen with 168 MiB in all, heap and direct memory included.
     */
    private static final long JVM_BYTES = 160 * MIB;

    /** What Netty takes of a stream's bytes before it says that the socket is full, in bytes; its default. */
    private static final long SOCKET_BYTES = 64 * 1024;

    private Memory() {}

    /** The most that a process has had resident at once so far, in bytes: heap, direct memory and all the rest. */
    static long peakBytes(Program program) throws IOException {
        return status(program, "VmHWM");
    }

    /** What a process has resident now, in bytes. */
    static long residentBytes(Program program) throws IOException {
        return status(program, "VmRSS");
    }

    /**
     * What a program may have resident with so many streams open, by the options that it was started with, in bytes: its
     * heap; the budget of all windows; for each stream its floor, and what waits for the socket behind it; and the JVM.
     */
    static long promisedBytes(Program program, int streams) throws IOException {
        LaneOptions lanes = LaneOptions.DEFAULT;
        long waiting = lanes.windowBudgetBytes() + streams * ((long) lanes.floorWindowBytes() + SOCKET_BYTES);
        long direct = Math.min(waiting, option(program, "-XX:MaxDirectMemorySize="));
        return option(program, "-Xmx") + direct + JVM_BYTES;
    }

    /** That a program never had more resident than a ceiling, and says how much it had. */
    static void assertPeakUnder(Program program, long ceiling) throws IOException {
        long peak = peakBytes(program);
        System.out.printf("%s: at most %d MiB resident, ceiling %d MiB%n", program, peak / MIB, ceiling / MIB);
        if (peak > ceiling) {
            throw new AssertionError(
                    "%s had %d MiB resident, over its ceiling of %d MiB".formatted(program, peak / MIB, ceiling / MIB));
        }
    }

    /** Waits until the programs' memory has not grown for so long: buffers fill as long as bytes still move. */
    static void awaitStandstill(Duration quiet, Program... programs) {
        long[] highest = {0};
        long[] since = {System.nanoTime()};
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    long now = 0;
                    for (Program program : programs) {
                        now += residentBytes(program);
                    }
                    // A page or two more are the JVM's own, which has other things to do as well.
                    if (now > highest[0] + MIB) {
                        highest[0] = now;
                        since[0] = System.nanoTime();
                    }
                    return System.nanoTime() - since[0] > quiet.toNanos();
                });
    }

    private static long option(Program program, String option) throws IOException {
        String command = Files.readString(Path.of("/proc", Long.toString(program.pid()), "cmdline"));
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

package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux tells of processes in {@code /proc}. */
final class Proc {
    /** {@code sysconf(_SC_CLK_TCK)}, which is 100 on every Linux that Java runs on. */
    private static final long MICROS_PER_TICK = 10_000;

    /** Where the user's ticks stand in {@code /proc/PID/stat}, counted after the name in parentheses; the system's follow. */
    private static final int USER_TICKS = 11;

    private Proc() {}

    /** The time on the processors that these have used since they were started, in µs. */
    static long cpuMicros(List<Long> pids) {
        return pids.stream().mapToLong(Proc::ticks).sum() * MICROS_PER_TICK;
    }

    /** What these have resident, in bytes, pages that they share counted for each. */
    static long residentBytes(List<Long> pids) {
        return pids.stream().mapToLong(Proc::resident).sum();
    }

    private static long ticks(long pid) {
        String stat = read(pid, "stat");
        if (stat.isEmpty()) {
            return 0;
        }
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[USER_TICKS + 1]);
    }

    private static long resident(long pid) {
        return read(pid, "status")
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file));
        } catch (IOException e) {
            return ""; // It has ended.
        }
    }
}

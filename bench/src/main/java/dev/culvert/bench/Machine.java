package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** Where a run's figures come from: what the machine is, and how much of it others had meanwhile. Linux alone tells. */
final class Machine {
    /** Where {@code steal} stands among the numbers of {@code /proc/stat}'s first line, see {@code proc_stat(5)}. */
    private static final int STEAL = 7;

    private final long[] atStart = ticks();

    /** This one, from now on. */
    Machine() {}

    /** A sentence or two, for people. */
    String describe() {
        return String.format(
                Locale.ROOT,
                "%d processors (%s), Linux %s, Java %s, TCP with %s. Others had %.1f %% of the processors' time"
                        + " meanwhile (steal).%n",
                Runtime.getRuntime().availableProcessors(),
                processor(),
                System.getProperty("os.version"),
                System.getProperty("java.version"),
                congestionControl(),
                stolenPercent(atStart, ticks()));
    }

    /**
     * What the host gave to others between two readings of all processors' ticks, in percent.
     *
     * @param before user, nice, system, idle, iowait, irq, softirq, steal
     */
    static double stolenPercent(long[] before, long[] after) {
        long all = sum(after) - sum(before);
        return all == 0 ? 0 : 100.0 * (after[STEAL] - before[STEAL]) / all;
    }

    private static long sum(long[] ticks) {
        return Arrays.stream(ticks).sum();
    }

    private static long[] ticks() {
        String all = read("/proc/stat").lines().findFirst().orElseThrow();
        // The guests' ticks, which follow, are the user's already.
        return Arrays.stream(all.split(" +"))
                .skip(1)
                .limit(STEAL + 1)
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private static String processor() {
        return read("/proc/cpuinfo")
                .lines()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }

    private static String congestionControl() {
        return read("/proc/sys/net/ipv4/tcp_congestion_control").trim();
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new BenchException("this is no Linux: " + e);
        }
    }
}

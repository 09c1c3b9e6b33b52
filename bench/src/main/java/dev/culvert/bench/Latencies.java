package dev.culvert.bench;

import java.util.Arrays;

/** How long things took. Safe for use by several threads. */
final class Latencies {
    private static final double NANOS_PER_MILLI = 1_000_000;

    private long[] nanos = new long[1024];
    private int count;

    synchronized void add(long took) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = took;
    }

    synchronized int count() {
        return count;
    }

    /** What so many of a hundred took at most, in ms. */
    synchronized double millis(double percentile) {
        if (count == 0) {
            return Double.NaN;
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        int index = (int) Math.ceil(percentile / 100 * count) - 1;
        return sorted[Math.max(0, index)] / NANOS_PER_MILLI;
    }

    /** As most tables have them. */
    void addTo(Row row) {
        row.add(Figure.P50, millis(50));
        row.add(Figure.P99, millis(99));
    }
}

package dev.culvert.bench;

/** What is measured of each chain. */
enum Figure {
    PER_SECOND("requests/s", "%,.0f"),
    P50("p50 ms", "%.2f"),
    P99("p99 ms", "%.2f"),
    CPU("CPU µs/request", "%.1f"),
    DOWN("download MiB/s", "%,.0f"),
    DOWN_CPU("CPU ms/GiB down", "%,.0f"),
    UP("upload MiB/s", "%,.0f"),
    UP_CPU("CPU ms/GiB up", "%,.0f"),
    RSS("RSS MiB", "%,.0f");

    /** The head of its column. */
    final String title;

    /** How its numbers are written. */
    final String format;

    Figure(String title, String format) {
        this.title = title;
        this.format = format;
    }
}

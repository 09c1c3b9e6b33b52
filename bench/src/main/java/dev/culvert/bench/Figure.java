package dev.culvert.bench;

/**
 * Something that is measured.
 *
 * @param title the head of its column, with the unit
 * @param format how its numbers are written, for {@link String#format}
 */
record Figure(String title, String format) {
    static final Figure P50 = new Figure("p50 ms", "%.2f");
    static final Figure P99 = new Figure("p99 ms", "%.2f");
    static final Figure RSS = new Figure("RSS MiB", "%,.0f");
}

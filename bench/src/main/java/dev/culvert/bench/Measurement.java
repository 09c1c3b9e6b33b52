package dev.culvert.bench;

import java.io.IOException;

/** One kind of measurement: a command of {@code bench/run}, with options of its own. */
interface Measurement {
    /**
     * Starts what it needs, measures it in turns, round after round, and ends it.
     *
     * @return one table or several in Markdown
     */
    String measure(Workplace place) throws IOException, InterruptedException;
}

package dev.culvert.edge.lanes;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.event.Level;

/**
 * How loudly the log says what anybody can make happen as often as he likes: one line in ten seconds is for the operator,
 * the others are for debugging, so that nobody fills the disk. Safe for use by any thread.
 */
public final class Quiet {
    private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

    private final AtomicLong saidNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

    /** The level of the line that is about to be logged. */
    public Level next() {
        long now = System.nanoTime();
        long said = saidNanos.get();
        return now - said < QUIET_NANOS || !saidNanos.compareAndSet(said, now) ? Level.DEBUG : Level.INFO;
    }
}

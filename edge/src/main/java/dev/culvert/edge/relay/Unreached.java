package dev.culvert.edge.relay;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.event.Level;

/**
 * The other nodes to which no link comes to stand, and how loudly the log says so. A node that has just started is often
 * looked for a few times before its bus knows the way, so that is nothing to tell anybody.
 *
 * <p>Runs on the relay's event loop; {@link #count} may be called by any thread.
 */
final class Unreached {
    /** For how long links to a node fail before an operator should know. */
    private static final long PATIENCE_NANOS = Duration.ofSeconds(5).toNanos();

    /** How often he is told, by node. */
    private static final long TOLD_EVERY_NANOS = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanoTime;
    private final Map<String, Failing> failing = new ConcurrentHashMap<>();

    /** @param nanoTime {@link System#nanoTime} in production */
    Unreached(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * A node whose last links have all failed.
     *
     * @param toldNanos when the operator last heard of it, if he has
     */
    private record Failing(long sinceNanos, boolean isTold, long toldNanos) {}

    /** A link has ended before it stood: the level at which to log that. {@link Level#WARN} is for the operator. */
    Level failed(String node) {
        long now = nanoTime.getAsLong();
        Failing before = failing.putIfAbsent(node, new Failing(now, false, 0));
        if (before == null) {
            return Level.INFO;
        }
        boolean isDue =
                before.isTold ? now - before.toldNanos >= TOLD_EVERY_NANOS : now - before.sinceNanos >= PATIENCE_NANOS;
        if (isDue) {
            failing.put(node, new Failing(before.sinceNanos, true, now));
        }
        return isDue ? Level.WARN : Level.DEBUG;
    }

    /** A link stands: whether the operator was told that none does. */
    boolean reached(String node) {
        Failing before = failing.remove(node);
        return before != null && before.isTold;
    }

    /** Forgets nodes that are members no longer. */
    void keepOnly(Set<String> members) {
        failing.keySet().retainAll(members);
    }

    void forget(String node) {
        failing.remove(node);
    }

    Set<String> nodes() {
        return failing.keySet();
    }

    /** How many the operator was told of. */
    int count() {
        return (int) failing.values().stream().filter(Failing::isTold).count();
    }
}

package dev.culvert.edge.registry;

import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Names that nobody has, as of a moment ago, and how many more of them may be asked about. Guessing names costs the
 * cluster no more than that. Safe for use by any thread.
 */
final class Misses {
    /** How long an empty answer is believed: a name that was just bound must not be missed for long. */
    static final Duration KEPT_FOR = Duration.ofSeconds(1);

    /** About 2 MiB. The eldest goes first. */
    private static final int MOST_KEPT = 10_000;

    private final InstantSource clock;
    private final int questionsPerSecond;

    // Guarded by this.
    private final Map<TunnelKey, Long> since = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<TunnelKey, Long> eldest) {
            return size() > MOST_KEPT;
        }
    };
    private long second;
    private int asked;

    Misses(InstantSource clock, int questionsPerSecond) {
        this.clock = clock;
        this.questionsPerSecond = questionsPerSecond;
    }

    /** Whether the cluster has said within the last second that nobody has the name. */
    synchronized boolean holds(TunnelKey key) {
        Long then = since.get(key);
        if (then == null) {
            return false;
        }
        long age = clock.millis() - then;
        if (age >= 0 && age < KEPT_FOR.toMillis()) {
            return true;
        }
        since.remove(key);
        return false;
    }

    /** @param askedMillis when the cluster was asked: it may have been given since */
    synchronized void add(TunnelKey key, long askedMillis) {
        since.remove(key); // So that it moves to the end.
        since.put(key, askedMillis);
    }

    synchronized void remove(TunnelKey key) {
        since.remove(key);
    }

    /** Takes one question out of this second's allowance; false when it is used up. */
    synchronized boolean mayAsk() {
        long now = clock.millis() / 1_000;
        if (now != second) {
            second = now;
            asked = 0;
        }
        return asked++ < questionsPerSecond;
    }

    synchronized int size() {
        return since.size();
    }
}

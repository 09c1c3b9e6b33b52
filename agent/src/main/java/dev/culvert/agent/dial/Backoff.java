package dev.culvert.agent.dial;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before each next try: a random part of a time that doubles ("full jitter"), so that the agents of an
 * edge that was restarted do not come back all at once. Not thread-safe.
 */
public final class Backoff {
    private final Duration first;
    private final Duration longest;
    private final RandomGenerator random;
    private int tries;

    /**
     * Starts from the beginning.
     *
     * @param first the most that the first wait takes
     * @param longest the most that any wait takes
     */
    public Backoff(Duration first, Duration longest, RandomGenerator random) {
        if (first.isNegative() || first.isZero() || longest.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "first (%s) must be positive and at most longest (%s)".formatted(first, longest));
        }
        this.first = first;
        this.longest = longest;
        this.random = random;
    }

    /** The next wait: between nothing and twice as much as the one before could have been. */
    public Duration next() {
        return Duration.ofNanos(random.nextLong(bound() + 1));
    }

    /** The same, and not less than half of that: where tries are few and somebody else needs the time. */
    public Duration nextAtLeastHalf() {
        return upperHalf(bound());
    }

    /** A wait of half of the longest to all of it, for what will hardly have changed any sooner. */
    public Duration slow() {
        return upperHalf(longest.toNanos());
    }

    private long bound() {
        long bound = longest.toNanos();
        if (first.toNanos() < bound >> tries) {
            bound = first.toNanos() << tries;
            tries++;
        }
        return bound;
    }

    private Duration upperHalf(long nanos) {
        long half = nanos / 2;
        return Duration.ofNanos(half + random.nextLong(half + 1));
    }

    /** All is well again: the next wait is a short one. */
    public void reset() {
        tries = 0;
    }
}

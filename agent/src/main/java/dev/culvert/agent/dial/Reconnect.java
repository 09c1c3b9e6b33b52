package dev.culvert.agent.dial;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What an agent does when its last lane is lost. The first connection is never retried by it: whoever asked is there to
 * hear why it failed.
 */
public sealed interface Reconnect {
    /** For ever; waits between 0 and 250 ms at first, up to 30 s later. */
    Reconnect DEFAULT = new Forever(Duration.ofMillis(250), Duration.ofSeconds(30));

    /** Not at all: tunnels go offline, and the caller opens them again when it likes. */
    Reconnect NONE = new None();

    /** The waits between tries. */
    Backoff backoff(RandomGenerator random);

    /**
     * Tries until it succeeds or the agent is closed, with {@link Backoff} between the tries.
     *
     * @param first the most that the first wait takes
     * @param longest the most that any wait takes
     */
    record Forever(Duration first, Duration longest) implements Reconnect {
        @Override
        public Backoff backoff(RandomGenerator random) {
            return new Backoff(first, longest, random);
        }
    }

    /** Does not try. */
    record None() implements Reconnect {
        /** For a second lane, and for a node that is stopping: while one lane is up, nothing is lost. */
        @Override
        public Backoff backoff(RandomGenerator random) {
            return DEFAULT.backoff(random);
        }
    }
}

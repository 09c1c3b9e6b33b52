package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private static final Duration FIRST = Duration.ofMillis(250);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    /** Always as long as may be. */
    private static final RandomGenerator MOST = new RandomGenerator() {
        @Override
        public long nextLong() {
            throw new UnsupportedOperationException("has no bound");
        }

        @Override
        public long nextLong(long bound) {
            return bound - 1;
        }
    };

    @Test
    void waitsDoubleUpToTheLongest() {
        Backoff backoff = new Backoff(FIRST, LONGEST, MOST);

        List<Long> waits =
                Stream.generate(() -> backoff.next().toMillis()).limit(9).toList();

        assertEquals(List.of(250L, 500L, 1000L, 2000L, 4000L, 8000L, 16000L, 30000L, 30000L), waits);
    }

    @Test
    void ofFewHalfIsSure() {
        Backoff backoff = new Backoff(FIRST, LONGEST, new RandomGenerator() {
            @Override
            public long nextLong() {
                throw new UnsupportedOperationException("has no bound");
            }

            @Override
            public long nextLong(long bound) {
                return 0;
            }
        });

        List<Long> waits = Stream.generate(() -> backoff.nextAtLeastHalf().toMillis())
                .limit(4)
                .toList();

        assertEquals(List.of(125L, 250L, 500L, 1000L), waits);
    }

    @Test
    void resetBeginsAnew() {
        Backoff backoff = new Backoff(FIRST, LONGEST, MOST);
        Stream.generate(backoff::next).limit(5).forEach(wait -> {});

        backoff.reset();

        assertEquals(FIRST, backoff.next());
    }

    @Property
    void waitIsNeverNegativeAndNeverTooLong(
            @ForAll @IntRange(min = 1, max = 200) int tries, @ForAll @IntRange(min = 1) int first) {
        Duration longest = Duration.ofNanos(Long.MAX_VALUE / 2);
        Backoff backoff = new Backoff(Duration.ofNanos(first), longest, RandomGenerator.of("L64X128MixRandom"));

        for (int i = 0; i < tries; i++) {
            Duration wait = backoff.next();
            assertTrue(!wait.isNegative() && wait.compareTo(longest) <= 0, wait.toString());
        }
        assertTrue(backoff.slow().compareTo(longest.dividedBy(2)) >= 0);
    }

    @Test
    void longestMustNotBeShorterThanTheFirst() {
        assertThrows(IllegalArgumentException.class, () -> new Backoff(LONGEST, FIRST, MOST));
        assertThrows(IllegalArgumentException.class, () -> new Backoff(Duration.ZERO, LONGEST, MOST));
    }
}

package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

class UnreachedTest {
    private long nanos = Long.MAX_VALUE - 7; // It may overflow, as the real one.
    private final Unreached unreached = new Unreached(() -> nanos);

    @Test
    void operatorIsToldOnceAMinuteOfEachNodeThatIsNotReached() {
        assertEquals(Level.INFO, unreached.failed("a"));
        after(Duration.ofSeconds(2));
        assertEquals(Level.DEBUG, unreached.failed("a"));
        assertEquals(0, unreached.count());
        after(Duration.ofSeconds(4));
        assertEquals(Level.WARN, unreached.failed("a"));
        assertEquals(1, unreached.count());
        assertEquals(Level.INFO, unreached.failed("b"));
        after(Duration.ofSeconds(59));
        assertEquals(Level.DEBUG, unreached.failed("a"));
        assertEquals(Level.WARN, unreached.failed("b"));
        after(Duration.ofSeconds(2));
        assertEquals(Level.WARN, unreached.failed("a"));
        assertEquals(2, unreached.count());
    }

    @Test
    void nodeThatIsReachedIsToldOfOnlyWhereItsFailureWas() {
        unreached.failed("a");
        assertFalse(unreached.reached("a"));

        unreached.failed("a");
        after(Duration.ofSeconds(6));
        unreached.failed("a");

        assertTrue(unreached.reached("a"));
        assertFalse(unreached.reached("a"));
        assertEquals(0, unreached.count());
        assertEquals(Level.INFO, unreached.failed("a"), "from the beginning");
    }

    @Test
    void nodesThatAreMembersNoLongerAreForgotten() {
        unreached.failed("a");
        unreached.failed("b");
        unreached.failed("c");

        unreached.forget("c");
        unreached.keepOnly(Set.of("a", "d"));

        assertEquals(Set.of("a"), unreached.nodes());
    }

    private void after(Duration time) {
        nanos += time.toNanos();
    }
}

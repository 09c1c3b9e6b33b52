package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ReceiveWindowTest {
    private static final long ROUND_TRIP = 1_000_000;

    private final WindowBudget budget = new WindowBudget(1000);

    private ReceiveWindow window(int size, int max) {
        return new ReceiveWindow(budget, size, 0, max, 0);
    }

    @Example
    void halfAWindowConsumedSlowlyIsGrantedAsItIs() {
        ReceiveWindow window = window(100, 1000);
        assertTrue(window.receive(100, 1));

        assertEquals(0, window.consume(49, 2, ROUND_TRIP));
        assertEquals(50, window.consume(1, 2 * ROUND_TRIP, ROUND_TRIP));
        assertEquals(0, window.consume(49, 5 * ROUND_TRIP, ROUND_TRIP));

        assertEquals(100, window.sizeBytes());
        assertEquals(99, window.consumedBytes());
    }

    @Example
    void aWindowUsedUpWithinTwoRoundTripsDoubles() {
        ReceiveWindow window = window(100, 350);
        window.receive(100, 1);

        assertEquals(50 + 100, window.consume(50, 2 * ROUND_TRIP - 1, ROUND_TRIP));
        assertEquals(200, window.sizeBytes());
        window.receive(150, 1);
        assertEquals(100 + 150, window.consume(100, 2 * ROUND_TRIP, ROUND_TRIP)); // 350 is the most.
        assertEquals(350, window.sizeBytes());
        assertEquals(1000 - 250, budget.left());
        window.close();
        window.close();
        assertEquals(1000, budget.left());
    }

    @Example
    void ofALargeWindowNoMoreThanAQuarterOfAMibIsOwed() {
        ReceiveWindow window = window(8 * 1024 * 1024, 8 * 1024 * 1024);
        window.receive(1024 * 1024, 1);

        assertEquals(0, window.consume(256 * 1024 - 1, 1, 0));
        assertEquals(256 * 1024, window.consume(1, 1, 0));
    }

    /** What is owed, and a queue on the way, must not make the far end wait: 8 MiB are twice what the path holds. */
    @Example
    void aDownloadFillsAPathOf120MillisecondsThatSeemedToHave100() {
        int bytesPerMilli = 40 * 1024 * 1024 / 1000;
        WindowBudget enough = new WindowBudget(8 * 1024 * 1024);
        ReceiveWindow window = new ReceiveWindow(enough, 256 * 1024, 0, 8 * 1024 * 1024, 0);
        int millis = 4000;
        int[] data = new int[millis + 60];
        int[] credit = new int[millis + 60];
        int mayBeSent = 256 * 1024;
        long arrivedLate = 0;

        for (int now = 0; now < millis; now++) {
            mayBeSent += credit[now];
            data[now + 60] = Math.min(bytesPerMilli, mayBeSent);
            mayBeSent -= data[now + 60];
            if (data[now] > 0) {
                long nanos = now * 1_000_000L;
                assertTrue(window.receive(data[now], nanos));
                credit[now + 60] = window.consume(data[now], nanos, 100_000_000);
            }
            arrivedLate += now >= 2000 ? data[now] : 0;
        }

        assertEquals(2000L * bytesPerMilli, arrivedLate);
    }

    @Example
    void aWindowDoesNotGrowWhileTheRoundTripIsNotKnownOrTheBudgetIsUsedUp() {
        ReceiveWindow unknown = window(100, 1000);
        unknown.receive(100, 1);
        assertEquals(50, unknown.consume(50, 1, 0));
        assertTrue(budget.tryTake(950));
        ReceiveWindow poor = window(100, 1000);
        poor.receive(100, 1);

        assertEquals(50, poor.consume(50, 1, ROUND_TRIP));

        assertEquals(50, budget.left());
    }

    @Example
    void nothingIsGrantedWhenAllHasCome() {
        ReceiveWindow window = window(100, 1000);
        window.receive(100, 1);
        window.complete();

        assertTrue(window.isUnread());
        assertEquals(0, window.consume(100, 1, ROUND_TRIP));

        assertFalse(window.isUnread());
        assertEquals(1000, budget.left());
    }

    @Example
    void aWindowStandsStillSinceItsLastConsumptionOrItsFirstByte() {
        ReceiveWindow window = window(100, 1000);
        assertEquals(0, window.stalledSinceNanos());
        window.receive(10, 5);
        window.receive(10, 6);
        assertEquals(5, window.stalledSinceNanos());
        window.consume(1, 7, 0);
        assertEquals(7, window.stalledSinceNanos());
        window.consume(19, 8, 0);
        assertEquals(0, window.stalledSinceNanos());
        assertThrows(IllegalStateException.class, () -> window.consume(1, 9, 0));
    }

    /** Positive: the far end sends so much of what it may, in percent. Negative: so much of what waits is consumed. */
    @Provide
    Arbitrary<List<Integer>> steps() {
        return Arbitraries.integers()
                .between(-100, 100)
                .filter(step -> step != 0)
                .list()
                .ofMaxSize(300);
    }

    @Property(tries = 500)
    void theFarEndNeverHoldsMoreThanTheWindowAndTheBudgetComesBack(
            @ForAll("steps") List<Integer> steps, @ForAll boolean slow) {
        WindowBudget limited = new WindowBudget(50_000);
        assertTrue(limited.tryTake(600));
        ReceiveWindow window = new ReceiveWindow(limited, 1000, 600, 100_000, 0);
        long credit = 1000;
        long waiting = 0;
        long consumed = 0;
        long now = 0;
        for (int step : steps) {
            now += slow ? 3 * ROUND_TRIP : 1;
            if (step > 0) {
                int bytes = (int) (credit * step / 100);
                assertTrue(window.receive(bytes, now), "what was granted was refused");
                credit -= bytes;
                waiting += bytes;
            } else {
                int bytes = (int) (waiting * -step / 100);
                credit += window.consume(bytes, now, ROUND_TRIP);
                waiting -= bytes;
                consumed += bytes;
            }
            assertEquals(consumed, window.consumedBytes());
            assertTrue(credit + waiting <= window.sizeBytes(), "more granted than the window");
            assertTrue(waiting > 0 || credit * 2 >= window.sizeBytes(), "starved though nothing waits");
            assertEquals(50_000 - 600 - (window.sizeBytes() - 1000), limited.left());
        }
        assertFalse(window.receive((int) credit + 1, now), "more than was granted");
        window.close();
        assertEquals(50_000, limited.left());
    }
}

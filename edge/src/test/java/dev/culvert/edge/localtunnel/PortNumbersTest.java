package dev.culvert.edge.localtunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.PortRange;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortNumbersTest {
    @Test
    void whatWasGivenBackLastComesLast() {
        PortNumbers numbers = new PortNumbers(new PortRange(10, 13));
        for (int number : new int[] {11, 12, 13}) {
            assertTrue(numbers.take(number));
        }
        numbers.giveBack(13);
        numbers.giveBack(11);

        assertEquals(List.of(10, 13, 11), numbers.free());
        assertTrue(numbers.take(13));
        assertEquals(List.of(10, 11), numbers.free());
    }

    @Test
    void numberIsGivenOnce() {
        PortNumbers numbers = new PortNumbers(new PortRange(10, 11));
        assertEquals(Set.of(10, 11), Set.copyOf(numbers.free()));

        assertTrue(numbers.take(10));
        assertFalse(numbers.take(10));
    }

    @Test
    void withoutARangeThereIsNothingToTry() {
        PortNumbers numbers = new PortNumbers(PortRange.OFF);
        numbers.giveBack(4000);

        assertEquals(List.of(), numbers.free());
    }
}

package dev.culvert.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MachineTest {
    @Test
    void ofAllTicksBetweenTwoReadingsSomeAreStolen() {
        // Given
        long[] before = {100, 0, 50, 1000, 0, 0, 5, 40};
        long[] after = {150, 0, 70, 1010, 0, 0, 5, 60};

        // When
        double percent = Machine.stolenPercent(before, after);

        // Then
        assertEquals(20, percent);
    }

    @Test
    void saysWhatThisMachineIs() {
        // Given
        Machine machine = new Machine();

        // When
        String text = machine.describe();

        // Then
        assertTrue(
                text.matches(
                        "\\d+ processors \\(.+\\), Linux .+, Java .+, TCP with \\w+\\. Others had [\\d.]+ % .*\\n"),
                text);
    }
}

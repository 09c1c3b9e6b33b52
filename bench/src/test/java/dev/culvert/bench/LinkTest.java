package dev.culvert.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LinkTest {
    private static final int MIB = 1024 * 1024;
    private static final long MILLI = 1_000_000;

    @Test
    void bytesArriveAfterHalfARoundTripAndTheTimeThatTheWidthTakes() {
        // Given
        Link link = new Link(new Link.Shape(100, 50, 0));
        long begun = System.nanoTime();

        // When
        long first = link.send(MIB);
        long second = link.send(MIB);

        // Then
        assertTrue(first - begun >= 70 * MILLI, "20 ms for a MiB, and 50 for the way: " + (first - begun));
        assertTrue(second - first >= 20 * MILLI, "the second behind the first: " + (second - first));
    }

    @Test
    void whoSendsMoreThanTheLinksQueueTakesIsHeldUp() {
        // Given
        Link link = new Link(new Link.Shape(100, 50, 0));
        long begun = System.nanoTime();

        // When
        for (int i = 0; i < 5; i++) {
            link.send(MIB);
        }

        // Then
        long took = System.nanoTime() - begun;
        assertTrue(took >= 79 * MILLI, "all 100 ms but the queue's 20: " + took);
    }

    @Test
    void ofAHundredMibThatLoseOnePacketAMibAboutAHundredPiecesAreLate() {
        // Given
        Link link = new Link(new Link.Shape(100, 100_000, 1));

        // When
        int late = 0;
        for (int i = 0; i < 1000; i++) {
            long left = link.send(MIB / 10) - System.nanoTime();
            late += left > 100 * MILLI ? 1 : 0;
        }

        // Then
        assertEquals(100, late, 30);
    }
}

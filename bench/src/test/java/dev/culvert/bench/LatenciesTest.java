package dev.culvert.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LatenciesTest {
    @Test
    void ofAHundredOneIsBeyondTheNinetyNinthPercentile() {
        // Given
        Latencies latencies = new Latencies();
        for (int i = 2000; i > 0; i--) {
            latencies.add(i * 1_000_000L);
        }

        // When
        double p50 = latencies.millis(50);
        double p99 = latencies.millis(99);

        // Then
        assertEquals(1000, p50);
        assertEquals(1980, p99);
    }
}

package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateTest {
    @Test
    void readsWhatPeopleWrite() {
        assertEquals(new Rate(50, Duration.ofSeconds(1)), Rate.parse("50/s"));
        assertEquals(new Rate(600, Duration.ofMinutes(1)), Rate.parse("600/m"));
        assertEquals(new Rate(1, Duration.ofHours(1)), Rate.parse("1/h"));
        assertEquals(new Rate(1, Duration.ofHours(1)), Rate.parseOrOff("1/h"));
    }

    @Test
    void offIsNone() {
        assertNull(Rate.parseOrOff("off"));
        assertNull(Rate.parseOrOff("false"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"50/s", "600/m", "10000/h"})
    void writesWhatItReads(String text) {
        assertEquals(text, Rate.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "50", "0/s", "-1/s", "50/d", "50 / s", "5000000000/s"})
    void everythingElseIsRefusedInWords(String text) {
        assertThrows(ConfigException.class, () -> Rate.parse(text));
    }

    @Test
    void thereIsNoneThatCouldNotBeWritten() {
        assertThrows(ConfigException.class, () -> new Rate(5, Duration.ofMillis(10)));
        assertThrows(ConfigException.class, () -> new Rate(1_000_000_000, Duration.ofSeconds(1)));
    }
}

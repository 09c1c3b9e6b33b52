package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenPortTest {

    @Test
    void offIsNoListenerAndZeroIsAFreePort() {
        assertFalse(ListenPort.parse("off").isOn());
        assertEquals(ListenPort.FREE, ListenPort.parse("0"));
        assertEquals(new ListenPort(65535), ListenPort.parse("65535"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "0", "7080"})
    void printsAsItIsRead(String text) {
        assertEquals(text, ListenPort.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "http", "", "080808", "+80"})
    void anythingElseIsRefusedWithAHint(String text) {
        ConfigException refused = assertThrows(ConfigException.class, () -> ListenPort.parse(text));

        assertEquals(text + " is not a port: write 1 to 65535, 0 for a free one, or off", refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "500ms", "30s", "90s", "5m", "2h"})
    void timesPrintAsTheyAreRead(String text) {
        assertEquals(text, Durations.format(Durations.parse(text)));
    }

    @Test
    void timesHaveUnits() {
        assertEquals(Duration.ofMinutes(2), Durations.parse("120s"));
        assertEquals("2m", Durations.format(Duration.ofSeconds(120)));
        assertThrows(ConfigException.class, () -> Durations.parse("30"));
        assertThrows(ConfigException.class, () -> Durations.parse("-30s"));
        assertThrows(ConfigException.class, () -> Durations.parse("soon"));
    }
}

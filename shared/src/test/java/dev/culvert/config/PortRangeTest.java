package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortRangeTest {
    @ParameterizedTest
    @CsvSource({"2200-2299, 2200, 2299", "2222, 2222, 2222", "1-1, 1, 1", "65535, 65535, 65535"})
    void whatAPersonWroteIsRead(String text, int first, int last) {
        assertEquals(new PortRange(first, last), PortRange.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "false"})
    void offIsNoPort(String text) {
        PortRange none = PortRange.parse(text);

        assertEquals(PortRange.OFF, none);
        assertFalse(none.isOn());
        assertFalse(none.contains(0));
        assertEquals(0, none.size());
        assertEquals("off", none.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0-9", "22-21", "1-65536", "a-b", "1-2-3", "-1", "1 - 2", "123456"})
    void restIsRefusedInWords(String text) {
        assertThrows(ConfigException.class, () -> PortRange.parse(text));
    }

    @Test
    void endsBelongToIt() {
        PortRange range = new PortRange(2200, 2202);

        assertTrue(range.contains(2200) && range.contains(2202));
        assertFalse(range.contains(2199) || range.contains(2203));
        assertEquals(3, range.size());
        assertEquals("2200-2202", range.toString());
    }
}

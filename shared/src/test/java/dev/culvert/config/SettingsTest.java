package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private final YamlSection first = YamlSection.parse("first.yaml", "edge: one\n");
    private final YamlSection second = YamlSection.parse("second.yaml", "edge: two\nlane-port: 7000\n");

    @Test
    void variableComesBeforeFiles() {
        Settings settings = new Settings(Map.of("CULVERT_LANE_PORT", "0"), List.of(first, second));

        assertEquals(Optional.of("0"), settings.find("lane-port"));
        assertEquals(Optional.of("the variable CULVERT_LANE_PORT"), settings.source("lane-port"));
    }

    @Test
    void firstFileThatHasItWins() {
        Settings settings = new Settings(Map.of(), List.of(first, second));

        assertEquals(Optional.of("one"), settings.find("edge"));
        assertEquals(Optional.of("7000"), settings.find("lane-port"));
        assertEquals(Optional.of("second.yaml, line 2, column 1"), settings.source("lane-port"));
    }

    @Test
    void emptyVariableCountsAsNotSet() {
        assertEquals(Optional.of("one"), new Settings(Map.of("CULVERT_EDGE", ""), List.of(first)).find("edge"));
    }

    @Test
    void unknownOptionHasNothing() {
        Settings settings = new Settings(Map.of("EDGE", "x"), List.of());

        assertEquals(Optional.empty(), settings.find("edge"));
        assertEquals(Optional.empty(), settings.source("edge"));
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DoorRefusalsTest {
    @Test
    void visitorWritesNoLinesAndNoEscapesIntoTheLog() {
        assertEquals("a.example?INFO forged?[31m", DoorRefusals.shown("a.example\nINFO forged\u001b[31m"));
    }

    @Test
    void visitorDoesNotFillTheLogByOneLine() {
        assertEquals(263, DoorRefusals.shown("a".repeat(16_000)).length());
        assertEquals("a".repeat(253), DoorRefusals.shown("a".repeat(253)));
    }
}

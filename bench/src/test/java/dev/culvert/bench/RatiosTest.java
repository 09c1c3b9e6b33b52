package dev.culvert.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.bench.Ratios.Pair;
import java.util.List;
import org.junit.jupiter.api.Test;

class RatiosTest {
    private static final Figure SPEED = new Figure("requests/s", "%,.0f");
    private static final Figure COST = new Figure("CPU", "%.1f");

    @Test
    void comparesRoundByRoundSoThatASlowRoundOfBothChangesNothing() {
        // Given
        Row ours = row("ours", SPEED, 300, 30, 330);
        Row theirs = row("theirs", SPEED, 200, 20, 110);

        // When
        String table = Ratios.of(List.of(SPEED), List.of(new Pair("ours", "theirs")), List.of(ours, theirs));

        // Then
        assertEquals("""
                | chain / against | requests/s |
                | --- | ---: |
                | ours / theirs | 1.50× |
                """, table);
    }

    @Test
    void leavesOutWhatOnlyOneOfTwoHas() {
        // Given
        Row ours = row("ours", SPEED, 300);
        ours.add(COST, 7);
        Row theirs = row("theirs", SPEED, 200);
        List<Pair> pairs = List.of(new Pair("ours", "theirs"), new Pair("ours", "not measured"));

        // When
        String table = Ratios.of(List.of(SPEED, COST), pairs, List.of(ours, theirs));

        // Then
        assertEquals("""
                | chain / against | requests/s |
                | --- | ---: |
                | ours / theirs | 1.50× |
                """, table);
    }

    @Test
    void saysNothingWhereThereIsNoPair() {
        // Given
        List<Row> rows = List.of(row("ours", SPEED, 300));

        // When
        String table = Ratios.of(List.of(SPEED), List.of(new Pair("ours", "theirs")), rows);

        // Then
        assertEquals("", table);
    }

    private static Row row(String name, Figure figure, double... values) {
        Row row = new Row(name);
        for (double value : values) {
            row.add(figure, value);
        }
        return row;
    }
}

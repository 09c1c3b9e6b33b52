package dev.culvert.bench;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Chains beside others. Each ratio is the median of the rounds' own ratios: a machine that is slower for some rounds changes it
 * less than the ratio of two medians.
 */
final class Ratios {
    private Ratios() {}

    /** A chain, and what it is measured against, by their names. */
    record Pair(String chain, String other) {}

    /** A table of those pairs of which both were measured; empty where there are none. */
    static String of(List<Figure> figures, List<Pair> pairs, Collection<Row> rows) {
        List<Row> ratios = pairs.stream()
                .flatMap(pair -> named(pair.chain(), rows)
                        .flatMap(chain -> named(pair.other(), rows).map(other -> ratios(figures, chain, other))))
                .toList();
        List<Figure> columns = figures.stream().map(Ratios::column).toList();
        return ratios.isEmpty() ? "" : Table.of("chain / against", columns, ratios);
    }

    private static Stream<Row> named(String name, Collection<Row> rows) {
        return rows.stream().filter(row -> row.name().equals(name));
    }

    private static Row ratios(List<Figure> figures, Row chain, Row other) {
        Row row = new Row(chain.name() + " / " + other.name());
        for (Figure figure : figures) {
            chain.ratios(other, figure).forEach(ratio -> row.add(column(figure), ratio));
        }
        return row;
    }

    private static Figure column(Figure figure) {
        return new Figure(figure.title(), "%.2f×");
    }
}

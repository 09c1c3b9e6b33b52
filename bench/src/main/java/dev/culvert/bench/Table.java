package dev.culvert.bench;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The medians as a table in Markdown. */
final class Table {
    private Table() {}

    /**
     * A line a row, a column a figure; what was not measured is a dash.
     *
     * @param first the head of the rows' names
     * @param columns the figures in their order; those that no row has are left out
     */
    static String of(String first, List<Figure> columns, Collection<Row> rows) {
        List<Figure> figures = columns.stream()
                .filter(figure -> rows.stream().anyMatch(row -> row.has(figure)))
                .toList();
        String head = line(first, figures.stream().map(figure -> figure.title()));
        String rule = line("---", figures.stream().map(figure -> "---:"));
        return head
                + rule
                + rows.stream()
                        .map(row -> line(row.name(), figures.stream().map(figure -> cell(row, figure))))
                        .collect(Collectors.joining());
    }

    private static String cell(Row row, Figure figure) {
        return row.has(figure) ? String.format(Locale.ROOT, figure.format(), row.median(figure)) : "–";
    }

    private static String line(String first, Stream<String> others) {
        return Stream.concat(Stream.of(first), others).collect(Collectors.joining(" | ", "| ", " |\n"));
    }
}

package dev.culvert.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** All that was measured of a chain, round after round. */
final class Row {
    private final String name;
    private final Map<Figure, List<Double>> samples = new LinkedHashMap<>();

    Row(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    void add(Figure figure, double value) {
        samples.computeIfAbsent(figure, none -> new ArrayList<>()).add(value);
    }

    boolean has(Figure figure) {
        return samples.containsKey(figure);
    }

    /** What it has for each of what another has, round by round. */
    List<Double> ratios(Row other, Figure figure) {
        List<Double> own = samples.getOrDefault(figure, List.of());
        List<Double> others = other.samples.getOrDefault(figure, List.of());
        return IntStream.range(0, Math.min(own.size(), others.size()))
                .mapToObj(i -> own.get(i) / others.get(i))
                .toList();
    }

    /** The latest of all figures, for who watches. */
    @Override
    public String toString() {
        return samples.entrySet().stream()
                .map(entry -> "%s %.2f"
                        .formatted(
                                entry.getKey().title(),
                                entry.getValue().get(entry.getValue().size() - 1)))
                .collect(Collectors.joining(", ", name + ": ", ""));
    }

    /** The median of all rounds. */
    double median(Figure figure) {
        List<Double> sorted =
                samples.getOrDefault(figure, List.of()).stream().sorted().toList();
        if (sorted.isEmpty()) {
            return Double.NaN;
        }
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}

package dev.culvert.agent.inspect;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Header or trailer fields, as they came.
 *
 * @param all names and values in their order
 */
record Fields(List<Map.Entry<String, String>> all) {
    static final Fields NONE = new Fields(List.of());

    Fields {
        all = List.copyOf(all);
    }

    static Fields of(HttpHeaders headers) {
        return headers.isEmpty()
                ? NONE
                : new Fields(headers.entries().stream()
                        .map(field -> Map.entry(field.getKey(), field.getValue()))
                        .toList());
    }

    /** The first value of a field. */
    Optional<String> find(String name) {
        return all.stream()
                .filter(field -> field.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** How much they hold, in characters. */
    int size() {
        return all.stream()
                .mapToInt(field -> field.getKey().length() + field.getValue().length())
                .sum();
    }
}

package dev.culvert.agent.inspect;

import io.netty.handler.codec.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
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

    /** What a field costs beside its characters: its entry, two strings and their arrays. A head may be all names of a letter. */
    private static final int BYTES_PER_FIELD = 128;

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

    /** A list of objects with {@code name} and {@code value}, as the API and archives have them. */
    JsonArray toJson() {
        JsonArray list = new JsonArray();
        all.forEach(
                field -> list.add(new JsonObject().put("name", field.getKey()).put("value", field.getValue())));
        return list;
    }

    /** About how many bytes they hold. */
    int size() {
        return all.stream()
                .mapToInt(field -> BYTES_PER_FIELD
                        + field.getKey().length()
                        + field.getValue().length())
                .sum();
    }
}

package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads the JSON of the handshake frames. Unknown fields are ignored, so that a newer peer may say more. */
final class Handshake {
    private Handshake() {}

    /** Reads a payload as one JSON object and that as a {@code T}. Does not release it. */
    static <T> T read(ByteBuf payload, Function<JsonObject, T> shape) {
        try {
            return shape.apply(new JsonObject(payload.toString(StandardCharsets.UTF_8)));
        } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
            throw new MalformedFrameException("handshake is not the JSON it should be: " + e.getMessage());
        }
    }

    static String text(JsonObject json, String field) {
        String value = json.getString(field);
        if (value == null) {
            throw new MalformedFrameException("handshake lacks the field " + field);
        }
        return value;
    }

    static String text(JsonObject json, String field, String otherwise) {
        String value = json.getString(field);
        return value == null ? otherwise : value;
    }

    static int positive(JsonObject json, String field) {
        Integer value = json.getInteger(field);
        if (value == null || value <= 0) {
            throw new MalformedFrameException("handshake field %s must be positive, was %s".formatted(field, value));
        }
        return value;
    }

    static <T> List<T> list(JsonObject json, String field, Class<T> type) {
        return json.getJsonArray(field, new JsonArray()).stream()
                .map(type::cast)
                .toList();
    }

    /** A newer peer may use codes that are not known here. */
    static <E extends Enum<E>> E code(JsonObject json, String field, Class<E> type, E otherwise) {
        try {
            return Enum.valueOf(type, text(json, field));
        } catch (IllegalArgumentException e) {
            return otherwise;
        }
    }

    static void putIfPresent(JsonObject json, String field, @Nullable String value) {
        if (value != null) {
            json.put(field, value);
        }
    }
}

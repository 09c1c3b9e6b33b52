package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the JSON of the handshake frames. Unknown fields are ignored, so that a newer peer may say more. */
final class Handshake {
    /** Items of a list: a tunnel lets in half as many networks, and agents keep fewer lanes. */
    static final int MOST_ITEMS = 64;

    private Handshake() {}

    /** Reads a payload as one JSON object and that as a {@code T}. Does not release it. */
    static <T> T read(ByteBuf payload, Function<JsonObject, T> shape) {
        JsonObject json;
        try {
            json = new JsonObject(payload.toString(StandardCharsets.UTF_8));
        } catch (DecodeException | ClassCastException e) {
            // Not the cause's message: it may quote what was read, and there are secrets in it.
            throw new MalformedFrameException("handshake is not a JSON object");
        }
        return shape.apply(json);
    }

    static String text(JsonObject json, String field) {
        String value = textIfPresent(json, field);
        if (value == null) {
            throw new MalformedFrameException("handshake lacks the field " + field);
        }
        return value;
    }

    /**
     * The value, which logs or terminals show as it stands.
     *
     * @param words what the shape is, for a sentence
     */
    static String shown(String field, String value, Pattern shape, String words) {
        if (!shape.matcher(value).matches()) {
            throw new MalformedFrameException("handshake field %s must be %s".formatted(field, words));
        }
        return value;
    }

    /**
     * A text that is kept.
     *
     * @param most characters
     */
    static @Nullable String shortTextIfPresent(JsonObject json, String field, int most) {
        String value = textIfPresent(json, field);
        if (value != null && value.length() > most) {
            throw new MalformedFrameException("handshake field %s must have %d characters at most, had %d"
                    .formatted(field, most, value.length()));
        }
        return value;
    }

    static String text(JsonObject json, String field, String otherwise) {
        String value = textIfPresent(json, field);
        return value == null ? otherwise : value;
    }

    static @Nullable String textIfPresent(JsonObject json, String field) {
        return valueIfPresent(json, field, String.class);
    }

    static boolean flag(JsonObject json, String field) {
        return Boolean.TRUE.equals(valueIfPresent(json, field, Boolean.class));
    }

    /** A number from 0 on, 0 where it is missing. */
    static int count(JsonObject json, String field) {
        Integer value = valueIfPresent(json, field, Integer.class);
        if (value != null && value < 0) {
            throw new MalformedFrameException(
                    "handshake field %s must not be negative, was %d".formatted(field, value));
        }
        return value == null ? 0 : value;
    }

    static int positive(JsonObject json, String field) {
        int value = count(json, field);
        if (value == 0) {
            throw new MalformedFrameException("handshake field %s must be positive".formatted(field));
        }
        return value;
    }

    /** At most {@link #MOST_ITEMS}; none where it is missing. */
    static <T> List<T> list(JsonObject json, String field, Class<T> type) {
        JsonArray values = valueIfPresent(json, field, JsonArray.class);
        if (values == null) {
            return List.of();
        } else if (values.size() > MOST_ITEMS) {
            throw new MalformedFrameException("handshake field %s must have %d items at most, had %d"
                    .formatted(field, MOST_ITEMS, values.size()));
        }
        return values.stream().map(value -> cast(value, field, type)).toList();
    }

    private static <T> @Nullable T valueIfPresent(JsonObject json, String field, Class<T> type) {
        Object value = json.getValue(field);
        return value == null ? null : cast(value, field, type);
    }

    private static <T> T cast(@Nullable Object value, String field, Class<T> type) {
        if (!type.isInstance(value)) {
            throw new MalformedFrameException(
                    "handshake field %s is not %s as it should be".formatted(field, type.getSimpleName()));
        }
        return type.cast(value);
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

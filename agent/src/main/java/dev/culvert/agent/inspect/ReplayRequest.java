package dev.culvert.agent.inspect;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request to send again, as it was or changed. */
final class ReplayRequest {
    private static final Set<String> KEYS = Set.of("method", "path", "headers", "body", "bodyBase64");

    private final RequestHead head;
    private final byte[] body;
    /** Behind a body in chunks. */
    private final Fields trailers;

    private ReplayRequest(RequestHead head, byte[] body, Fields trailers) {
        this.head = head;
        this.body = body;
        this.trailers = trailers;
    }

    /** The request of a recording, which must be {@linkplain Recording#isReplayable() replayable}. */
    static ReplayRequest of(Recording recording) {
        return new ReplayRequest(recording.request(), recording.requestBody().bytes(), recording.requestTrailers());
    }

    /**
     * With what a person wants changed: {@code method}, {@code path}, all {@code headers} as a list of {@code name} and
     * {@code value}, {@code body} as text or {@code bodyBase64}; what is left out stays. The length is put right.
     *
     * @throws IllegalArgumentException with a sentence for that person
     */
    ReplayRequest changed(JsonObject changes) {
        changes.fieldNames().stream()
                .filter(key -> !KEYS.contains(key))
                .findFirst()
                .ifPresent(key -> {
                    throw new IllegalArgumentException("there is no key \"%s\" here".formatted(key));
                });
        byte[] newBody = body(changes);
        RequestHead newHead = new RequestHead(
                method(text(changes, "method").orElse(head.method())),
                path(text(changes, "path").orElse(head.path())),
                head.version(),
                fields(changes.getValue("headers"), newBody));
        return new ReplayRequest(newHead, newBody, Fields.NONE);
    }

    private static Optional<String> text(JsonObject from, String key) {
        Object value = from.getValue(key);
        if (value != null && !(value instanceof String)) {
            throw new IllegalArgumentException("%s must be a text".formatted(key));
        }
        return Optional.ofNullable((String) value);
    }

    private static String method(String text) {
        if (!text.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")) {
            throw new IllegalArgumentException("the method is not one");
        }
        return text;
    }

    private static String path(String text) {
        if (!text.matches("[/*][!-~]*")) {
            throw new IllegalArgumentException("the path begins with / and has ASCII only: write a blank as %20");
        }
        return text;
    }

    private byte[] body(JsonObject changes) {
        Optional<byte[]> ofText = text(changes, "body").map(text -> text.getBytes(StandardCharsets.UTF_8));
        Optional<byte[]> ofBase64 = text(changes, "bodyBase64").map(Base64.getDecoder()::decode);
        if (ofText.isPresent() && ofBase64.isPresent()) {
            throw new IllegalArgumentException("body or bodyBase64, not both");
        }
        byte[] bytes = ofText.or(() -> ofBase64).orElse(body);
        if (bytes.length > Body.MOST_BYTES) {
            throw new IllegalArgumentException("a body has at most %d bytes here".formatted(Body.MOST_BYTES));
        }
        return bytes;
    }

    private Fields fields(@Nullable Object wanted, byte[] newBody) {
        List<Map.Entry<String, String>> fields =
                new ArrayList<>(wanted == null ? head.fields().all() : list(wanted));
        boolean hadLength = fields.removeIf(field -> field.getKey().equalsIgnoreCase("Content-Length"));
        boolean hadChunks = fields.removeIf(field -> field.getKey().equalsIgnoreCase("Transfer-Encoding"));
        if (hadLength || hadChunks || newBody.length > 0) {
            fields.add(Map.entry("Content-Length", Integer.toString(newBody.length)));
        }
        return new Fields(fields);
    }

    private static List<Map.Entry<String, String>> list(Object wanted) {
        if (!(wanted instanceof JsonArray all) || !all.stream().allMatch(JsonObject.class::isInstance)) {
            throw new IllegalArgumentException("headers must be a list of objects with name and value");
        }
        return all.stream()
                .map(JsonObject.class::cast)
                .map(field -> Map.entry(
                        text(field, "name").orElse(""),
                        value(text(field, "value").orElse(""))))
                .toList();
    }

    private static String value(String text) {
        if (text.chars().anyMatch(character -> character > 0xff)) {
            throw new IllegalArgumentException(
                    "a header has only characters of one byte each (ISO 8859-1); \"%s\" has others".formatted(text));
        }
        return text;
    }

    /**
     * As it goes over the wire.
     *
     * @return the caller's
     * @throws IllegalArgumentException when a field cannot be sent like this
     */
    ByteBuf encode() {
        HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
        head.fields().all().forEach(field -> headers.add(field.getKey(), field.getValue()));
        headers.remove(HttpHeaderNames.EXPECT); // The body follows at once.
        HttpHeaders trailing = DefaultHttpHeadersFactory.trailersFactory().newHeaders();
        trailers.all().forEach(field -> trailing.add(field.getKey(), field.getValue()));
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.valueOf(head.version()),
                HttpMethod.valueOf(head.method()),
                head.path(),
                Unpooled.wrappedBuffer(body),
                headers,
                trailing);
        EmbeddedChannel encoder = new EmbeddedChannel(new HttpRequestEncoder());
        try {
            encoder.writeOutbound(request);
            List<ByteBuf> parts = new ArrayList<>();
            for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
                parts.add(part);
            }
            return Unpooled.wrappedBuffer(parts.toArray(ByteBuf[]::new));
        } finally {
            encoder.finishAndReleaseAll();
        }
    }
}

package dev.culvert.agent.inspect;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Recordings as an HTTP Archive, version 1.2, which browsers' tools and others read. */
final class Har {
    static final String END = "]}}";

    private static final int UNKNOWN = -1;

    private Har() {}

    /** What stands before the entries, which have a comma between two; {@link #END} follows them. */
    static String begin(String version) {
        return "{\"log\":{\"version\":\"1.2\",\"creator\":%s,\"entries\":["
                .formatted(new JsonObject()
                        .put("name", "Culvert")
                        .put("version", version)
                        .encode());
    }

    static JsonObject entry(Recording recording) {
        double total = recording.totalMicros() / 1000.0;
        double first = recording.response() == null ? total : recording.firstByteMicros() / 1000.0;
        JsonObject entry = new JsonObject()
                .put(
                        "startedDateTime",
                        Instant.ofEpochMilli(recording.startedAtMillis()).toString())
                .put("time", total)
                .put("request", request(recording))
                .put("response", response(recording))
                .put("cache", new JsonObject())
                .put(
                        "timings",
                        new JsonObject().put("send", 0).put("wait", first).put("receive", Math.max(0, total - first)))
                .put("comment", recording.reason());
        return recording.isUpgraded() ? withMessages(entry, recording.messages().kept()) : entry;
    }

    /** As Chromium's tools write and read them; the standard has none. */
    private static JsonObject withMessages(JsonObject entry, List<WebSocketMessage> messages) {
        JsonArray list = new JsonArray();
        for (WebSocketMessage message : messages) {
            Body body = message.body();
            list.add(new JsonObject()
                    .put("type", message.fromVisitor() ? "send" : "receive")
                    .put("time", message.atMillis() / 1000.0)
                    .put("opcode", message.kind().opcode())
                    .put(
                            "data",
                            (message.kind() == WebSocketMessage.Kind.TEXT ? body.text() : Optional.<String>empty())
                                    .orElseGet(() -> Base64.getEncoder().encodeToString(body.bytes()))));
        }
        return entry.put("_resourceType", "websocket").put("_webSocketMessages", list);
    }

    private static JsonObject request(Recording recording) {
        RequestHead head = recording.request();
        Body body = recording.requestBody();
        String scheme = head.fields().find("X-Forwarded-Proto").orElse("http");
        String host =
                head.fields().find("X-Forwarded-Host").orElse(recording.origin().host());
        JsonObject request = new JsonObject()
                .put("method", head.method())
                .put("url", "%s://%s%s".formatted(scheme, host, head.path()))
                .put("httpVersion", head.version())
                .put("cookies", new JsonArray())
                .put("headers", head.fields().toJson())
                .put("queryString", new JsonArray())
                .put("headersSize", UNKNOWN)
                .put("bodySize", body.passed());
        if (body.passed() > 0) {
            request.put("postData", content(body, head.fields(), text -> {}));
        }
        return request;
    }

    private static JsonObject response(Recording recording) {
        ResponseHead head = recording.response();
        Body body = recording.responseBody();
        Fields fields = head == null ? Fields.NONE : head.fields();
        return new JsonObject()
                .put("status", head == null ? 0 : head.status())
                .put("statusText", head == null ? recording.reason() : head.reason())
                .put("httpVersion", head == null ? "" : head.version())
                .put("cookies", new JsonArray())
                .put("headers", fields.toJson())
                .put("content", content(body, fields, json -> json.put("size", body.passed())))
                .put("redirectURL", fields.find("Location").orElse(""))
                .put("headersSize", UNKNOWN)
                .put("bodySize", body.passed());
    }

    private static JsonObject content(Body body, Fields fields, Consumer<JsonObject> more) {
        JsonObject content =
                new JsonObject().put("mimeType", fields.find("Content-Type").orElse(""));
        more.accept(content);
        body.text().ifPresentOrElse(text -> content.put("text", text), () -> content.put(
                        "text", Base64.getEncoder().encodeToString(body.bytes()))
                .put("encoding", "base64"));
        return content;
    }
}

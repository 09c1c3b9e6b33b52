package dev.culvert.agent.inspect;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

/** Recordings as the inspector's API has them; {@code docs/inspector.md} lists the keys. */
final class RecordingJson {
    private RecordingJson() {}

    /** What a list shows. */
    static JsonObject summary(Recording recording) {
        Recording.Origin origin = recording.origin();
        ResponseHead response = recording.response();
        return new JsonObject()
                .put("id", recording.id())
                .put("host", origin.host())
                .put("target", origin.target())
                .put("visitor", origin.visitor())
                .put(
                        "startedAt",
                        Instant.ofEpochMilli(recording.startedAtMillis()).toString())
                .put("method", recording.request().method())
                .put("path", recording.request().path())
                .put("status", response == null ? null : response.status())
                .put(
                        "contentType",
                        response == null
                                ? null
                                : response.fields().find("Content-Type").orElse(null))
                .put("state", recording.state().word())
                .put("reason", recording.reason())
                .put("upgraded", recording.isUpgraded())
                .put("messages", recording.messages().passed())
                .put("requestBytes", recording.requestBody().passed())
                .put("responseBytes", recording.responseBody().passed())
                .put("firstByteMicros", recording.firstByteMicros())
                .put("totalMicros", recording.totalMicros())
                .put("replayable", recording.isReplayable())
                .put("replayOf", recording.origin().replayOf());
    }

    /** All there is. */
    static JsonObject details(Recording recording) {
        RequestHead request = recording.request();
        ResponseHead response = recording.response();
        return summary(recording)
                .put(
                        "request",
                        message(
                                request.version(),
                                request.fields(),
                                recording.requestTrailers(),
                                recording.requestBody()))
                .put(
                        "response",
                        response == null
                                ? null
                                : message(
                                                response.version(),
                                                response.fields(),
                                                recording.responseTrailers(),
                                                recording.responseBody())
                                        .put("status", response.status())
                                        .put("reason", response.reason()));
    }

    /** What went over a WebSocket after a number of messages. */
    static JsonObject messages(Messages messages, long after) {
        List<WebSocketMessage> some = messages.after(after);
        long number = messages.passed() - some.size();
        JsonArray list = new JsonArray();
        for (WebSocketMessage message : some) {
            list.add(message(message).put("number", ++number));
        }
        return new JsonObject()
                .put("passed", messages.passed())
                .put("unreadable", messages.isUnreadable())
                .put("messages", list);
    }

    private static JsonObject message(WebSocketMessage message) {
        JsonObject json = body(message.body())
                .put("from", message.fromVisitor() ? "visitor" : "target")
                .put("kind", message.kind().word())
                .put("at", Instant.ofEpochMilli(message.atMillis()).toString())
                .put("packed", message.packed());
        if (message.kind() == WebSocketMessage.Kind.CLOSE) {
            json.put("closeStatus", message.closeStatus()).put("closeReason", message.closeReason());
        }
        return json;
    }

    private static JsonObject message(String version, Fields fields, Fields trailers, Body body) {
        return new JsonObject()
                .put("version", version)
                .put("headers", fields.toJson())
                .put("trailers", trailers.toJson())
                .put("body", body(body));
    }

    private static JsonObject body(Body body) {
        byte[] bytes = body.bytes();
        JsonObject json = new JsonObject().put("bytes", body.passed()).put("kept", bytes.length);
        body.text()
                .ifPresentOrElse(
                        text -> json.put("text", text),
                        () -> json.put("base64", Base64.getEncoder().encodeToString(bytes)));
        return json;
    }
}

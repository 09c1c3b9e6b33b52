package dev.culvert.wire;

import io.vertx.core.json.JsonObject;

/**
 * A tunnel ends on this lane: the agent gives the name back, or the edge takes it away.
 *
 * @param id the agent's number for the tunnel
 * @param reason why
 * @param message the same in words
 */
public record Unbind(int id, CloseReason reason, String message) {

    JsonObject toJson() {
        return new JsonObject().put("id", id).put("reason", reason.name()).put("message", message);
    }

    static Unbind of(JsonObject json) {
        return new Unbind(
                Handshake.positive(json, "id"),
                Handshake.code(json, "reason", CloseReason.class, CloseReason.INTERNAL),
                Handshake.text(json, "message", ""));
    }
}

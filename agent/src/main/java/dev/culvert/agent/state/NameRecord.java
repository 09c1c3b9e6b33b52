package dev.culvert.agent.state;

import io.vertx.core.json.JsonObject;

/**
 * A name that an edge gave this user.
 *
 * @param edge the edge's address as it is written
 * @param kind the tunnel's kind
 * @param name the name
 * @param target what it was for; of several tunnels to one target, also which
 * @param generated whether the edge made it up: only then does a tunnel to the target get it unasked
 * @param ticket proof that it was ours
 */
public record NameRecord(String edge, String kind, String name, String target, boolean generated, String ticket) {

    boolean isSameName(NameRecord other) {
        return edge.equals(other.edge) && kind.equals(other.kind) && name.equals(other.name);
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("edge", edge)
                .put("kind", kind)
                .put("name", name)
                .put("target", target)
                .put("generated", generated)
                .put("ticket", ticket);
    }

    /** Throws one of {@link RuntimeException}'s many when it is not what it should be. */
    static NameRecord of(JsonObject json) {
        return new NameRecord(
                text(json, "edge"),
                text(json, "kind"),
                text(json, "name"),
                text(json, "target"),
                json.getBoolean("generated", false),
                text(json, "ticket"));
    }

    private static String text(JsonObject json, String key) {
        String value = json.getString(key);
        if (value == null) {
            throw new IllegalArgumentException("no " + key);
        }
        return value;
    }

    /** Without the ticket, which is a secret. */
    @Override
    public String toString() {
        return "NameRecord[%s %s at %s for %s]".formatted(kind, name, edge, target);
    }
}

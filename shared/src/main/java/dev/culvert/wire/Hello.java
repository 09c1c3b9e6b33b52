package dev.culvert.wire;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The agent's first words on a lane.
 *
 * @param versions the protocol versions it speaks; where {@link #VERSION} is not among them, nothing else of it is read
 * @param software its name and version, for logs
 * @param instance its instance id: one for each start of an agent
 * @param lanes the ids of its lanes that are alive; a node that holds others of this instance closes those
 * @param token proves an identity, where the edge asks for one
 * @param secret an anonymous agent's own secret; its hash is the owner of the agent's names
 * @param newStreamWindowBytes how much the edge may send on a new stream before it gets credit
 * @param events whether the agent wants to hear of finished exchanges
 */
public record Hello(
        List<Integer> versions,
        String software,
        String instance,
        List<String> lanes,
        @Nullable String token,
        @Nullable String secret,
        int newStreamWindowBytes,
        boolean events) {

    /** The version that this code speaks. */
    public static final int VERSION = 1;

    /** Characters of an instance id: a UUID has 36. Each node keeps it for each name that the agent has. */
    public static final int MOST_INSTANCE_CHARS = 64;

    private static final Pattern INSTANCE = Pattern.compile("[!-~]{1,%d}".formatted(MOST_INSTANCE_CHARS));

    private static final Pattern SOFTWARE = Pattern.compile("[ -~]{0,100}");

    public Hello {
        versions = List.copyOf(versions);
        lanes = List.copyOf(lanes);
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject()
                .put("versions", new JsonArray(versions))
                .put("software", software)
                .put("instance", instance)
                .put("lanes", new JsonArray(lanes))
                .put("window", newStreamWindowBytes)
                .put("events", events);
        Handshake.putIfPresent(json, "token", token);
        Handshake.putIfPresent(json, "secret", secret);
        return json;
    }

    static Hello of(JsonObject json) {
        List<Integer> versions = Handshake.list(json, "versions", Integer.class);
        if (!versions.isEmpty() && !versions.contains(VERSION)) {
            // What else it says may be of another shape; who reads it is told of the versions, not of that.
            return new Hello(versions, "", "", List.of(), null, null, 0, false);
        }
        return new Hello(
                versions,
                Handshake.shown(
                        "software",
                        Handshake.text(json, "software", ""),
                        SOFTWARE,
                        "at most 100 characters of printable ASCII"),
                Handshake.shown(
                        "instance",
                        Handshake.text(json, "instance"),
                        INSTANCE,
                        "1 to %d characters of visible ASCII".formatted(MOST_INSTANCE_CHARS)),
                Handshake.list(json, "lanes", String.class),
                Handshake.textIfPresent(json, "token"),
                Handshake.textIfPresent(json, "secret"),
                Handshake.positive(json, "window"),
                Handshake.flag(json, "events"));
    }

    /** Never shows the credentials. */
    @Override
    public String toString() {
        return "Hello[versions=%s, software=%s, instance=%s, lanes=%s, token=%s, secret=%s]"
                .formatted(versions, software, instance, lanes, masked(token), masked(secret));
    }

    private static String masked(@Nullable String credential) {
        return credential == null ? "none" : "***";
    }
}

package dev.culvert.edge.admin;

import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * What a node tells of itself, to people and to the other nodes. A snapshot.
 *
 * @param draining whether it is about to stop
 * @param silent whether it did not answer when it was asked; the rest is then what it said last
 * @param tunnels what its ingress carried, by tunnel; only those that had a visitor there
 * @param agents where the agents connected to it come from, as {@code host:port}, by lane
 */
record NodeStatus(
        About about,
        boolean draining,
        boolean silent,
        Load load,
        Map<TunnelKey, Traffic.Counts> tunnels,
        Map<String, String> agents) {
    private static final Traffic.Counts NOTHING = new Traffic.Counts(0, 0, 0, 0);

    /**
     * What it does now.
     *
     * @param lanes agents' lanes that stand
     * @param streams streams open on them
     * @param relayed streams open to and from other nodes
     * @param total what its ingress carried since it started
     */
    record Load(int lanes, int streams, int relayed, Traffic.Counts total) {}

    /** A member that has never answered. */
    static NodeStatus unheard(String id) {
        return new NodeStatus(
                new About(id, "", "", "", 0), false, true, new Load(0, 0, 0, NOTHING), Map.of(), Map.of());
    }

    /** The same, when it does not answer any more. */
    NodeStatus fallenSilent() {
        return new NodeStatus(about, draining, true, load, tunnels, agents);
    }

    /** For people: all but the tunnels and agents, which are shown elsewhere. */
    JsonObject summary() {
        return new JsonObject()
                .put("id", about.id())
                .put("label", about.label())
                .put("address", about.address())
                .put("version", about.version())
                .put("since", Instant.ofEpochMilli(about.sinceMillis()).toString())
                .put("draining", draining)
                .put("silent", silent)
                .put("lanes", load.lanes())
                .put("streams", load.streams())
                .put("relayed", load.relayed())
                .put("visitors", load.total().visitors())
                .put("requests", load.total().requests())
                .put("bytesIn", load.total().bytesIn())
                .put("bytesOut", load.total().bytesOut());
    }

    /** For other nodes: all of it. Fields are only ever added. */
    JsonObject toJson() {
        JsonObject counted = new JsonObject();
        tunnels.forEach((key, counts) -> counted.put(
                key.value(),
                new JsonArray()
                        .add(counts.visitors())
                        .add(counts.requests())
                        .add(counts.bytesIn())
                        .add(counts.bytesOut())));
        JsonObject remotes = new JsonObject();
        agents.forEach(remotes::put);
        return summary().put("tunnels", counted).put("agents", remotes);
    }

    /** What {@link #toJson} wrote, here or at a node of another release. Throws a runtime exception for anything else. */
    static NodeStatus of(JsonObject json) {
        Map<TunnelKey, Traffic.Counts> tunnels = new HashMap<>();
        json.getJsonObject("tunnels").forEach(entry -> {
            JsonArray counts = (JsonArray) entry.getValue();
            tunnels.put(
                    new TunnelKey(entry.getKey()),
                    new Traffic.Counts(counts.getLong(0), counts.getLong(1), counts.getLong(2), counts.getLong(3)));
        });
        Map<String, String> agents = new HashMap<>();
        json.getJsonObject("agents").forEach(entry -> agents.put(entry.getKey(), String.valueOf(entry.getValue())));
        About about = new About(
                json.getString("id"),
                json.getString("label"),
                json.getString("address"),
                json.getString("version"),
                json.getInstant("since").toEpochMilli());
        Traffic.Counts total = new Traffic.Counts(
                json.getLong("visitors"), json.getLong("requests"), json.getLong("bytesIn"), json.getLong("bytesOut"));
        Load load = new Load(json.getInteger("lanes"), json.getInteger("streams"), json.getInteger("relayed"), total);
        return new NodeStatus(about, json.getBoolean("draining"), false, load, tunnels, agents);
    }
}

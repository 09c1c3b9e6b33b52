package dev.culvert.wire;

import io.vertx.core.json.JsonObject;

/**
 * The edge's answer to {@link Hello}: the lane stands.
 *
 * @param version the protocol version spoken from here on, the highest that both know
 * @param node the node's id
 * @param lane the lane's id, for the {@code lanes} of the agent's next {@link Hello}
 * @param nodes how many nodes the cluster has: how many lanes make sense
 * @param newStreamWindowBytes how much the agent may send on a new stream before it gets credit (agents open none so
 *     far)
 * @param pingMillis how often the edge pings; silence of two and a half of it ends the lane
 */
public record Welcome(int version, String node, String lane, int nodes, int newStreamWindowBytes, long pingMillis) {

    JsonObject toJson() {
        return new JsonObject()
                .put("version", version)
                .put("node", node)
                .put("lane", lane)
                .put("nodes", nodes)
                .put("window", newStreamWindowBytes)
                .put("pingMillis", pingMillis);
    }

    static Welcome of(JsonObject json) {
        return new Welcome(
                Handshake.positive(json, "version"),
                Handshake.text(json, "node"),
                Handshake.text(json, "lane"),
                Handshake.positive(json, "nodes"),
                Handshake.positive(json, "window"),
                Handshake.positive(json, "pingMillis"));
    }
}

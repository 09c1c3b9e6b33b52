package dev.culvert.edge.admin;

import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.json.JsonArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All nodes at one moment, and what they carried together. */
public final class ClusterPicture {
    private static final Traffic.Counts NOTHING = new Traffic.Counts(0, 0, 0, 0);

    private final String here;
    private final List<NodeStatus> nodes;
    private final Map<TunnelKey, Traffic.Counts> counts = new HashMap<>();
    private final Map<String, String> agents = new HashMap<>();

    private ClusterPicture(String here, List<NodeStatus> nodes) {
        this.here = here;
        this.nodes = nodes;
        for (NodeStatus node : nodes) {
            node.tunnels().forEach((key, count) -> counts.merge(key, count, Traffic.Counts::plus));
            agents.putAll(node.agents());
        }
    }

    /**
     * A picture.
     *
     * @param here the node that looks
     */
    static ClusterPicture of(NodeStatus here, NodeStatus... others) {
        return of(here, List.of(others));
    }

    static ClusterPicture of(NodeStatus here, List<NodeStatus> others) {
        List<NodeStatus> all = new ArrayList<>(others);
        all.add(here);
        all.sort(Comparator.comparing((NodeStatus node) -> node.about().label())
                .thenComparing(node -> node.about().id()));
        return new ClusterPicture(here.about().id(), all);
    }

    /** The nodes by label, as the API tells of them. */
    JsonArray toJson() {
        JsonArray array = new JsonArray();
        nodes.forEach(
                node -> array.add(node.summary().put("here", node.about().id().equals(here))));
        return array;
    }

    /** What all nodes carried of the tunnel. */
    Traffic.Counts counts(TunnelKey key) {
        return counts.getOrDefault(key, NOTHING);
    }

    /** Where the agent of a lane comes from; null when its node has not said. */
    @Nullable
    String agent(String lane) {
        return agents.get(lane);
    }
}

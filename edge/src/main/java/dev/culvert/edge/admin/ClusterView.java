package dev.culvert.edge.admin;

import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Future;

/**
 * What this node sees of all nodes, for whoever looks; nothing is asked of the others while nobody does. Safe for use by
 * any thread.
 */
public interface ClusterView {

    /** All nodes of the cluster as they are now, or were up to a second ago. Never fails: who is silent is shown so. */
    Future<ClusterPicture> look();

    /**
     * Takes a tunnel away from the agents that are connected to a node.
     *
     * @return fails when the node does not answer
     */
    Future<Void> takeAway(String node, TunnelKey key, String why);

    /** The view of a node that is alone. */
    static ClusterView alone(LocalNode node) {
        return new ClusterView() {
            @Override
            public Future<ClusterPicture> look() {
                return Future.succeededFuture(ClusterPicture.of(node.status()));
            }

            @Override
            public Future<Void> takeAway(String id, TunnelKey key, String why) {
                return node.takeAway(key, why);
            }
        };
    }
}

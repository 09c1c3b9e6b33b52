package dev.culvert.edge;

import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.localtunnel.SocketPools;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.relay.Relay;
import dev.culvert.edge.ssh.SshConnections;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import org.jspecify.annotations.Nullable;

/**
 * What serves tunnels from this node, and whom it asks for names.
 *
 * @param pools localtunnel's clients; null where there are none
 * @param ssh plain SSH clients; null where there are none
 */
record Serving(
        Registry registry,
        Binder binder,
        Lanes lanes,
        @Nullable SocketPools pools,
        @Nullable SshConnections ssh) {

    /** All of it. */
    LocalCarriers carriers() {
        LocalCarriers carriers = lanes;
        if (pools != null) {
            carriers = LocalCarriers.of(carriers, pools);
        }
        if (ssh != null) {
            carriers = LocalCarriers.of(carriers, ssh);
        }
        return carriers;
    }

    /**
     * Ends what carries visitors before their sockets go: who is in the midst of something sees that it broke off, and no end that
     * looks like one. Agents hear a goodbye.
     */
    Future<Void> end(Vertx vertx, @Nullable Relay relay) {
        lanes.close();
        return Future.join(
                        pools == null ? Future.succeededFuture() : pools.close(),
                        relay == null ? Future.succeededFuture() : Membership.on(vertx, relay.close()))
                .mapEmpty();
    }
}

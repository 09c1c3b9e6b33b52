package dev.culvert.edge.admin;

import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The parts of this node that its operator looks at. Safe for use by any thread, as they all are.
 *
 * @param lanes the agents' lanes
 * @param carriers they, and whatever else serves tunnels from here
 * @param readiness whether it takes visitors now
 * @param draining whether it is about to stop
 * @param certificates those of its port for TLS
 * @param relay how this node and the others reach each other
 */
public record LocalNode(
        About about,
        Registry registry,
        Lanes lanes,
        LocalCarriers carriers,
        Traffic traffic,
        Supplier<Readiness> readiness,
        BooleanSupplier draining,
        CertificateFigures certificates,
        RelayFigures relay) {

    boolean isReady() {
        return readiness.get() == Readiness.READY;
    }

    NodeStatus status() {
        NodeStatus.Load load = new NodeStatus.Load(
                lanes.count(), lanes.streams(), relay.streams().getAsInt(), traffic.total());
        return new NodeStatus(about, draining.getAsBoolean(), false, load, traffic.byTunnel(), carriers.remotes());
    }

    /** Takes the tunnel away from who serves it on this node. */
    Future<Void> takeAway(TunnelKey key, String why) {
        return carriers.takeAway(key, why);
    }
}

package dev.culvert.edge.registry;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.transport.Transport;

/**
 * The Vert.x of a node that other nodes reach: its event bus finds them through the node's own Hazelcast, and calls each
 * by the id that it has there. To be closed before the member is.
 */
public final class ClusteredVertx {
    private ClusteredVertx() {}

    /**
     * Starts one.
     *
     * @param options all but the event bus's, which are taken from {@code bus}
     * @param transport what its sockets run on
     * @return fails when the bus cannot listen
     */
    public static Future<Vertx> start(
            HazelcastMember member, BusOptions bus, VertxOptions options, Transport transport) {
        return Vertx.builder()
                .with(new VertxOptions(options).setEventBusOptions(bus.toVertx()))
                .withTransport(transport)
                .withClusterManager(new UnhurriedClusterManager(member.hazelcast()))
                .buildClustered();
    }
}

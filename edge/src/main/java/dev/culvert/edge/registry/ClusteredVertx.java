package dev.culvert.edge.registry;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.transport.Transport;
import java.lang.reflect.Field;

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

    /**
     * Gives the bus another certificate, for connections that are made from now on, in and out; those that stand go on. A
     * session of before is not resumed: what belongs to the former certificate is left with it.
     *
     * @param bus that the Vert.x was started with, but for the certificate
     * @return fails where the certificate cannot be used, or this Vert.x has a bus of another make
     */
    public static Future<Void> renew(Vertx vertx, BusOptions bus) {
        try {
            NetServer server = socket(vertx.eventBus(), "server", NetServer.class);
            NetClient client = socket(vertx.eventBus(), "client", NetClient.class);
            // What the bus itself makes of its options.
            JsonObject options = bus.toVertx().toJson();
            NetClientOptions outbound = new NetClientOptions(options).setHostnameVerificationAlgorithm("");
            return server.updateSSLOptions(new NetServerOptions(options).getSslOptions())
                    .compose(updated -> client.updateSSLOptions(outbound.getSslOptions()))
                    .mapEmpty();
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    /** Sockets can be given other certificates, but the bus keeps its own to itself. */
    private static <T> T socket(EventBus bus, String name, Class<T> type) throws ReflectiveOperationException {
        Field field = bus.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return type.cast(field.get(bus));
    }
}

package dev.culvert.edge.localtunnel;

import dev.culvert.config.PortRange;
import dev.culvert.edge.ingress.Probes;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A port for the sockets of one client, the same on all of the edge's addresses. */
public final class DataPort {
    private static final Logger LOGGER = LoggerFactory.getLogger(DataPort.class);

    /** A port that is free on one address may be taken on another. A second one that is, is rare; a fifth is a fault. */
    private static final int FREE_PORT_TRIES = 5;

    /** Clients open all their sockets at once. */
    private static final int BACKLOG = 128;

    private final List<NetServer> servers;
    private final PortNumbers numbers;
    private final int number;

    private DataPort(List<NetServer> servers, PortNumbers numbers, int number) {
        this.servers = servers;
        this.numbers = numbers;
        this.number = number;
    }

    /** Where data ports may be opened. */
    public record Place(Vertx vertx, List<String> addresses, PortRange ports) {
        public Place {
            addresses = List.copyOf(addresses);
        }
    }

    /** All ports that there may be are in use. */
    static final class NoneFreeException extends Exception {
        NoneFreeException(PortRange ports) {
            super(ports.isOn() ? "all ports of this edge, %s, are in use".formatted(ports) : "no port is free");
        }
    }

    /**
     * Opens one. Any thread.
     *
     * @param numbers those of the place
     * @param context runs the sockets
     * @return fails with {@link NoneFreeException}
     */
    static Future<DataPort> open(Place place, PortNumbers numbers, Context context, Handler<NetSocket> accept) {
        Promise<DataPort> opened = Promise.promise();
        Iterator<Integer> tries = place.ports().isOn()
                ? numbers.free().iterator()
                : Collections.nCopies(FREE_PORT_TRIES, 0).iterator();
        context.runOnContext(now -> openNext(place, numbers, tries, accept).onComplete(opened));
        return opened.future();
    }

    int number() {
        return number;
    }

    /** Closes it and all its sockets. */
    Future<Void> close() {
        return Future.join(servers.stream().map(NetServer::close).toList())
                .<Void>mapEmpty()
                .onComplete(closed -> numbers.giveBack(number));
    }

    private static Future<DataPort> openNext(
            Place place, PortNumbers numbers, Iterator<Integer> tries, Handler<NetSocket> accept) {
        if (!tries.hasNext()) {
            return Future.failedFuture(new NoneFreeException(place.ports()));
        }
        int wanted = tries.next();
        if (wanted > 0 && !numbers.take(wanted)) {
            return openNext(place, numbers, tries, accept);
        }
        return open(place, numbers, wanted, accept).recover(fault -> {
            LOGGER.atDebug().addKeyValue("port", wanted).setCause(fault).log("port not opened; trying another");
            return openNext(place, numbers, tries, accept);
        });
    }

    private static Future<DataPort> open(Place place, PortNumbers numbers, int wanted, Handler<NetSocket> accept) {
        List<NetServer> servers = new ArrayList<>();
        Future<Integer> opened = Future.succeededFuture(wanted);
        for (String address : place.addresses()) {
            opened = opened.compose(number -> listen(place.vertx(), address, number, accept))
                    .map(server -> {
                        servers.add(server);
                        return server.actualPort();
                    });
        }
        return opened.map(number -> new DataPort(servers, numbers, number)).recover(fault -> {
            numbers.giveBack(wanted);
            return Future.join(servers.stream().map(NetServer::close).toList())
                    .transform(closed -> Future.failedFuture(fault));
        });
    }

    private static Future<NetServer> listen(Vertx vertx, String address, int port, Handler<NetSocket> accept) {
        // Probed more often than routers forget a connection, which most do after some minutes.
        NetServerOptions options = Probes.forAll(new NetServerOptions()
                .setHost(address)
                .setPort(port)
                .setTcpNoDelay(true)
                .setAcceptBacklog(BACKLOG));
        return vertx.createNetServer(options).connectHandler(accept).listen();
    }
}

package dev.culvert.edge.localtunnel;

import dev.culvert.config.PortRange;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/** A port for the sockets of one client, the same on all of the edge's addresses. */
public final class DataPort {
    /** A port that is free on one address may be taken on another. A second one that is, is rare; a fifth is a fault. */
    private static final int FREE_PORT_TRIES = 5;

    /**
     * The kernel asks a socket that is silent for so many seconds whether its client is still there: more often than
     * routers forget a connection, which most do after some minutes.
     */
    private static final int SILENCE_SECONDS = 45;

    private static final int EVERY_SECONDS = 15;
    private static final int UNANSWERED = 3;

    /** Clients open all their sockets at once. */
    private static final int BACKLOG = 128;

    private final List<NetServer> servers;
    private final Set<Integer> taken;
    private final int number;

    private DataPort(List<NetServer> servers, Set<Integer> taken, int number) {
        this.servers = servers;
        this.taken = taken;
        this.number = number;
    }

    /** Where data ports may be opened. */
    public record Place(Vertx vertx, List<String> addresses, PortRange ports) {
        public Place {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * Opens one. Any thread.
     *
     * @param taken the numbers in use by others; Vert.x lets two servers of one Vert.x share a number without a word
     * @param context runs the sockets
     * @return fails when there is none
     */
    static Future<DataPort> open(Place place, Set<Integer> taken, Context context, Handler<NetSocket> accept) {
        Promise<DataPort> opened = Promise.promise();
        context.runOnContext(now -> (place.ports().isOn()
                        ? openOf(place, taken, accept)
                        : openFree(place, taken, accept, FREE_PORT_TRIES))
                .onComplete(opened));
        return opened.future();
    }

    int number() {
        return number;
    }

    /** Closes it and all its sockets. */
    Future<Void> close() {
        taken.remove(number);
        return Future.join(servers.stream().map(NetServer::close).toList()).mapEmpty();
    }

    private static Future<DataPort> openFree(
            Place place, Set<Integer> taken, Handler<NetSocket> accept, int triesLeft) {
        return open(place, taken, 0, accept)
                .recover(fault ->
                        triesLeft > 1 ? openFree(place, taken, accept, triesLeft - 1) : Future.failedFuture(fault));
    }

    /** The first of the range that is free, beginning anywhere. */
    private static Future<DataPort> openOf(Place place, Set<Integer> taken, Handler<NetSocket> accept) {
        PortRange ports = place.ports();
        int begin = ThreadLocalRandom.current().nextInt(ports.size());
        Future<DataPort> opened = Future.failedFuture("all of " + ports + " are in use");
        for (int i = 0; i < ports.size(); i++) {
            int number = ports.first() + (begin + i) % ports.size();
            opened = opened.recover(
                    fault -> taken.add(number) ? open(place, taken, number, accept) : Future.failedFuture(fault));
        }
        return opened;
    }

    private static Future<DataPort> open(Place place, Set<Integer> taken, int wanted, Handler<NetSocket> accept) {
        List<NetServer> servers = new ArrayList<>();
        Future<Integer> opened = Future.succeededFuture(wanted);
        for (String address : place.addresses()) {
            opened = opened.compose(number -> listen(place.vertx(), address, number, accept))
                    .map(server -> {
                        servers.add(server);
                        return server.actualPort();
                    });
        }
        return opened.map(number -> {
                    taken.add(number);
                    return new DataPort(servers, taken, number);
                })
                .recover(fault -> {
                    taken.remove(wanted);
                    return Future.join(servers.stream().map(NetServer::close).toList())
                            .transform(closed -> Future.failedFuture(fault));
                });
    }

    private static Future<NetServer> listen(Vertx vertx, String address, int port, Handler<NetSocket> accept) {
        NetServerOptions options = new NetServerOptions()
                .setHost(address)
                .setPort(port)
                .setTcpNoDelay(true)
                .setAcceptBacklog(BACKLOG);
        options.setTcpKeepAlive(true)
                .setTcpKeepAliveIdleSeconds(SILENCE_SECONDS)
                .setTcpKeepAliveIntervalSeconds(EVERY_SECONDS)
                .setTcpKeepAliveCount(UNANSWERED);
        return vertx.createNetServer(options).connectHandler(accept).listen();
    }
}

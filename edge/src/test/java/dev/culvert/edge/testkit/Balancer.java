package dev.culvert.edge.testkit;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP balancer on loopback that leads each connection to the next port in turn. */
public final class Balancer {
    private final NetClient client;
    private final List<Integer> ports = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();
    private final NetServer server;

    private Balancer(Vertx vertx) {
        client = vertx.createNetClient();
        server = vertx.createNetServer().connectHandler(this::connect);
    }

    /** Opens one before these ports. */
    public static Balancer before(Vertx vertx, List<Integer> ports) {
        Balancer balancer = new Balancer(vertx);
        balancer.ports.addAll(ports);
        Nodes.await(balancer.server.listen(0, "127.0.0.1"));
        return balancer;
    }

    public int port() {
        return server.actualPort();
    }

    /** Leads nobody to this port any more. */
    public void without(int port) {
        ports.remove(Integer.valueOf(port));
    }

    /** Leads to this port too. */
    public void with(int port) {
        ports.add(port);
    }

    private void connect(NetSocket visitor) {
        visitor.pause();
        int port = ports.get(Math.floorMod(turn.getAndIncrement(), ports.size()));
        client.connect(port, "127.0.0.1")
                .onComplete(
                        node -> {
                            node.pipeTo(visitor);
                            visitor.pipeTo(node);
                        },
                        refused -> visitor.close());
    }
}

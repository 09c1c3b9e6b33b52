package dev.culvert.edge.testkit;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP balancer on loopback that leads each connection to the next port in turn. */
public final class Balancer {
    /** A node that does not answer by then is left alone, and the agent is told: it comes again. */
    private static final int CONNECT_MILLIS = 1000;

    private final NetClient client;
    private final List<SocketAddress> nodes = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();
    private final NetServer server;

    private Balancer(Vertx vertx) {
        client = vertx.createNetClient(new NetClientOptions().setConnectTimeout(CONNECT_MILLIS));
        server = vertx.createNetServer().connectHandler(this::connect);
    }

    /** Opens one before these ports. */
    public static Balancer before(Vertx vertx, List<Integer> ports) {
        return beforeAll(vertx, ports.stream().map(Balancer::onLoopback).toList());
    }

    /** Opens one before nodes on any machine. */
    public static Balancer beforeAll(Vertx vertx, List<SocketAddress> nodes) {
        Balancer balancer = new Balancer(vertx);
        balancer.nodes.addAll(nodes);
        Nodes.await(balancer.server.listen(0, "127.0.0.1"));
        return balancer;
    }

    public int port() {
        return server.actualPort();
    }

    /** Leads nobody to this port any more. */
    public void without(int port) {
        nodes.remove(onLoopback(port));
    }

    /** Leads to this port too. */
    public void with(int port) {
        nodes.add(onLoopback(port));
    }

    private void connect(NetSocket visitor) {
        visitor.pause();
        client.connect(nodes.get(Math.floorMod(turn.getAndIncrement(), nodes.size())))
                .onComplete(
                        node -> {
                            node.pipeTo(visitor);
                            visitor.pipeTo(node);
                        },
                        refused -> visitor.close());
    }

    private static SocketAddress onLoopback(int port) {
        return SocketAddress.inetSocketAddress(port, "127.0.0.1");
    }
}

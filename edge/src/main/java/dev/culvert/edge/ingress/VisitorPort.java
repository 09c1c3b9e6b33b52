package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.WindowBudget;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door for visitors, with TLS and without. What stands in the pipeline of each connection, one class each:
 *
 * <pre>
 *   {@link ProxyHeader}    who may say for whom it comes
 *   {@link FirstBytes}     TLS or not
 *   {@link ServerName}     the host in the ClientHello: where TLS ends
 *   {@link Handshake}      behind Netty's handler of TLS
 *   {@link Threshold}      the time for all this, and its end
 *   {@link VisitorProtocols} then puts the codecs in their place
 * </pre>
 *
 * Safe for use by any thread; one serves all instances of a verticle, each of
 * which listens on its own context.
 */
public final class VisitorPort {
    /** Visitors that come at once while all event loops are busy wait here; the kernel's own limit may be lower. */
    private static final int BACKLOG = 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(VisitorPort.class);

    private final Ingress ingress;
    private final VisitorProtocols protocols;
    private final Map<EventLoop, Threshold.Crowd> crowds = new ConcurrentHashMap<>();

    /**
     * A door.
     *
     * @param most how many visitor connections may be open at a time; who is idle gives way to who comes
     * @param lanes where agents go who come by WebSocket
     * @param pages who answers at the edge's own host, too
     * @param proofs what authorities are answered, at any host
     * @param signIn how visitors of tunnels that ask for it show who they are
     * @param log where it is written down what visitors asked for
     */
    public VisitorPort(
            IngressOptions options,
            Registry registry,
            Carriers carriers,
            Traffic traffic,
            int most,
            LaneDoor lanes,
            OwnPages pages,
            Proofs proofs,
            SignIn signIn,
            AccessLog log) {
        Routes routes = new Routes(options, registry);
        VisitorRates rates = options.visitorRate() == null
                ? null
                : new VisitorRates(options.visitorRate(), options.trustedProxies());
        TunnelRates tunnelRates = new TunnelRates();
        ingress = new Ingress(
                options,
                registry,
                carriers,
                traffic,
                routes,
                new OpenVisitors(most),
                new WindowBudget(Http2Limits.GROWTH_BYTES),
                FieldRoom.budget(),
                lanes,
                new Reception(options, routes, rates, tunnelRates, signIn, pages, proofs, lanes),
                rates,
                tunnelRates,
                log);
        protocols = new VisitorProtocols(ingress);
    }

    /**
     * Listens. Called in a verticle's {@code start}, each of its instances takes its share of the visitors on its own
     * event loop, and stops when it is undeployed. With port 0 each call gets a port of its own: the first instance
     * listens with 0 and the others with what it got.
     *
     * @return the server, to be closed by the caller
     */
    public Future<NetServer> listen(Vertx vertx, String host, int port) {
        return listen(vertx, host, port, channel -> accept(channel, null));
    }

    /**
     * The same for visitors who come by TLS. Where it ends at a target, they are carried there untouched.
     *
     * @param certificates for where it ends here; null to serve passthrough tunnels alone
     */
    public Future<NetServer> listenTls(Vertx vertx, String host, int port, @Nullable Certificates certificates) {
        TlsPort tls = new TlsPort(certificates);
        return listen(vertx, host, port, channel -> accept(channel, tls));
    }

    private Future<NetServer> listen(Vertx vertx, String host, int port, Consumer<Channel> accept) {
        NetServerOptions options = Probes.forAll(new NetServerOptions()
                .setHost(host)
                .setPort(port)
                .setTcpNoDelay(true)
                .setAcceptBacklog(BACKLOG));
        return vertx.createNetServer(options)
                .connectHandler(socket -> arrive(socket, accept))
                .listen();
    }

    /**
     * Listens for visitors of the tunnel that has this port, whatever they speak; while there is none, they are closed.
     * Like {@link #listen} otherwise.
     *
     * @return the server, to be closed by the caller
     */
    public Future<NetServer> listenTcp(Vertx vertx, String host, int port) {
        return listen(vertx, host, port, this::acceptTcp);
    }

    /** What all exchanges here share. */
    Ingress ingress() {
        return ingress;
    }

    /** How many visitor connections are open, idle and upgraded ones included. */
    public int visitors() {
        return ingress.visitors().count();
    }

    /**
     * Finishes what is under way and keeps no connection after it; idle ones get a moment for their next request, which
     * is their last. Visitors who still come are
     * served, one request each: who stops accepting them undeploys the verticles that listen.
     *
     * @return succeeds once no visitor is left; upgraded connections can take for ever, so wait with a limit
     */
    public Future<Void> drain() {
        return ingress.visitors().drain();
    }

    /** Something that carries streams is about to end: gives up the idle streams through it. */
    public void retireStreams() {
        ingress.visitors().retireStreams();
    }

    /** Who has something under way comes before who comes now, and that one before who is idle. */
    private void arrive(NetSocket socket, Consumer<Channel> accept) {
        Channel channel = Sockets.takeOver(socket);
        if (channel.remoteAddress() == null || channel.localAddress() == null) {
            channel.close(); // It has left already.
            return;
        }
        Arrival arrival = Arrival.of(channel);
        arrival.settle(channel);
        if (ingress.visitors().isFull() && !makeRoom(channel.eventLoop())) {
            refuse(DoorRefusal.FULL, channel);
            channel.close();
        } else {
            accept.accept(channel);
        }
    }

    private boolean makeRoom(EventLoop loop) {
        List<Channel> left = ingress.visitors().makeRoom(loop);
        left.forEach(channel -> refuse(DoorRefusal.IDLE, channel));
        return !left.isEmpty();
    }

    private void refuse(DoorRefusal reason, Channel channel) {
        ingress.traffic().doorRefusals().add(reason, Arrival.of(channel).visitor(), null);
    }

    private void accept(Channel channel, @Nullable TlsPort tls) {
        Threshold threshold = new Threshold(
                ingress, channel, crowds.computeIfAbsent(channel.eventLoop(), unseen -> new Threshold.Crowd()));
        Sockets.append(channel, new ProxyHeader(ingress));
        Sockets.append(channel, new FirstBytes(ingress, threshold, protocols, tls));
        Sockets.append(channel, threshold);
        LOGGER.atTrace().addKeyValue("remote", channel.remoteAddress()).log("visitor connected");
    }

    private void acceptTcp(Channel channel) {
        Arrival arrival = Arrival.of(channel);
        TunnelKey tunnel = TunnelKey.ofPort(arrival.reached().getPort());
        if (ingress.options().trustedProxies().test(arrival.visitor().getAddress())) {
            Sockets.append(channel, new ProxyHeader(ingress));
            Sockets.append(channel, new RawStart(ingress, tunnel, channel));
        } else {
            RawStart.now(ingress, tunnel, channel);
        }
    }
}

package dev.culvert.edge;

import dev.culvert.config.WatchedFile;
import dev.culvert.edge.registry.BusOptions;
import dev.culvert.edge.registry.ClusteredVertx;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.registry.MemberOptions;
import dev.culvert.edge.tls.BusCertificates;
import dev.culvert.edge.tls.BusFiles;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.transport.Transport;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node among the others: its Hazelcast and, where there are others, its event bus.
 *
 * <p>The bus has a Vert.x of its own ({@code docs/decisions/0005}): a caller's Vert.x stays what it was, and what the nodes
 * say to each other does not wait behind visitors.
 *
 * @param member stands for as long as the node
 * @param bus a clustered Vert.x for the relay alone; null for a node that is alone
 */
record Membership(HazelcastMember member, @Nullable Vertx bus) {
    /** One for the sockets of the bus, one for the relay. */
    private static final int EVENT_LOOPS = 2;

    /** The cluster manager's, which waits for Hazelcast now and then. */
    private static final int WORKERS = 4;

    private static final Logger LOGGER = LoggerFactory.getLogger(Membership.class);

    /**
     * Joins the others, or none.
     *
     * @param certificates of the bus; null for plain text
     * @param shared what the bus runs on too; null where it has event loops of its own
     */
    static Future<Membership> start(
            Vertx vertx,
            ClusterOptions cluster,
            @Nullable String host,
            @Nullable BusCertificates certificates,
            @Nullable EventLoop shared) {
        if (!cluster.isOn()) {
            return HazelcastMember.alone(vertx).map(member -> new Membership(member, null));
        }
        MemberOptions options = new MemberOptions(
                cluster.environment(), cluster.file(), cluster.name(), host, cluster.portOrDefault(), cluster.join());
        return HazelcastMember.join(vertx, options)
                .compose(member -> startBus(vertx, member, cluster, certificates, shared)
                        .map(bus -> new Membership(member, bus))
                        .recover(fault -> member.close(vertx).transform(closed -> Future.failedFuture(fault))));
    }

    private static Future<Vertx> startBus(
            Vertx vertx,
            HazelcastMember member,
            ClusterOptions cluster,
            @Nullable BusCertificates certificates,
            @Nullable EventLoop shared) {
        int port = cluster.busPortOrDefault();
        VertxOptions options = new VertxOptions()
                .setEventLoopPoolSize(EVENT_LOOPS)
                .setWorkerPoolSize(WORKERS)
                .setInternalBlockingPoolSize(WORKERS);
        Transport transport = Transport.nativeTransport();
        if (!vertx.isNativeTransportEnabled() || transport == null) {
            transport = Transport.NIO;
        }
        BusOptions bus = new BusOptions(member.host(), port, certificates == null ? null : certificates.newest());
        Transport chosen = SharedTransport.of(transport, shared);
        // Not on a thread of Vert.x, which warns of a second one that is made there.
        CompletableFuture<Vertx> started = CompletableFuture.supplyAsync(
                        () -> ClusteredVertx.start(member, bus, options, chosen))
                .thenCompose(Future::toCompletionStage);
        return Future.fromCompletionStage(started, vertx.getOrCreateContext())
                .recover(fault -> Future.failedFuture(Listening.inWords("bus-port", member.host(), port, fault)))
                .onSuccess(clustered -> {
                    if (certificates != null) {
                        // At once of the newest: there may be one since the bus began to start, and a bus that takes
                        // no other is told of now, and not on the day that it needs one.
                        certificates.onChange(newest -> renew(clustered, bus.with(newest)));
                    }
                });
    }

    private static void renew(Vertx bus, BusOptions options) {
        ClusteredVertx.renew(bus, options).onFailure(fault -> LOGGER.atError()
                .addKeyValue("fault", fault)
                .log("event bus takes no other certificate while it runs; restart this node after a change"));
    }

    /** Leaves: the bus first, which needs the member to say so. */
    Future<Void> leave(Vertx vertx) {
        Future<Void> silent = bus == null ? Future.succeededFuture() : on(vertx, bus.close());
        return silent.transform(closed -> member.close(vertx));
    }

    /** The address by which others reach this node, as Hazelcast wants it; null for what the operator's file says. */
    static @Nullable String address(EdgeOptions options) {
        String host = options.clusterHost();
        if (host != null) {
            return Loopback.address("--cluster-host", host).getHostAddress();
        }
        if (!options.cluster().environment().equals("kubernetes")) {
            return null;
        }
        try {
            return InetAddress.getLocalHost().getHostAddress(); // A pod's host name has its address.
        } catch (UnknownHostException e) {
            throw new IllegalStateException(
                    "the address of this pod is not known: set CULVERT_CLUSTER_HOST to status.podIP", e);
        }
    }

    /** Reads the certificate of the node for the bus, and looks from then on whether it changes; null where there is none. */
    static Future<@Nullable BusCertificates> certificates(Vertx vertx, ClusterOptions cluster, Started started) {
        Path folder = cluster.busTls();
        if (!cluster.isOn() || folder == null) {
            return Future.succeededFuture();
        }
        return BusCertificates.start(vertx, new BusFiles(folder, Clock.systemUTC()), WatchedFile.INTERVAL)
                .map(certificates -> started.addAtOnce(certificates, BusCertificates::close));
    }

    /** Tries ports, so that what is wrong with them is known before anything is started. Blocks. */
    static void probe(ClusterOptions cluster, @Nullable String host) {
        Integer port = cluster.portOrDefault();
        if (!cluster.isOn() || host == null) {
            return;
        }
        if (port != null && !cluster.environment().equals("local")) {
            Listening.probe("cluster-port", List.of(host), port);
        }
        Listening.probe("bus-port", List.of(host), cluster.busPortOrDefault());
    }

    /** The future on our Vert.x: it must not go on on the other's threads, which may be ending. */
    static <T> Future<T> on(Vertx vertx, Future<T> ofOther) {
        return Future.fromCompletionStage(ofOther.toCompletionStage(), vertx.getOrCreateContext());
    }
}

package dev.culvert.edge.localtunnel;

import dev.culvert.admission.Admission;
import dev.culvert.edge.ingress.VisitorNetwork;
import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.names.NameGenerator;
import dev.culvert.wire.Bound;
import io.netty.util.NetUtil;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The localtunnel clients of this node. They have no token and no secret: a name belongs to the address that asked for
 * it, for as long as its client is there and for the grace after that. Safe for use by any thread.
 */
public final class SocketPools implements LocalCarriers {
    /** Each has a port, on this node. */
    private static final int MOST = 1000;

    /** Of one address, behind which there may be an office. */
    private static final int MOST_OF_ONE_CLIENT = 100;

    /** How long a client that has registered may take to connect; bleenco's server has the same. */
    private static final Duration FIRST_SOCKET_WITHIN = Duration.ofSeconds(5);

    /** When a registry that did not answer is asked again for a name whose client has come back. */
    private static final Duration BACK_AGAIN = Duration.ofSeconds(2);

    /** Made-up names have 40 random bits: a second one that is taken means that something else is wrong. */
    private static final int MOST_MADE_UP = 3;

    private static final Logger LOGGER = LoggerFactory.getLogger(SocketPools.class);

    private final Registry registry;
    private final String domain;
    private final Duration grace;
    private final DataPort.Place place;
    private final List<Context> contexts;
    private final BooleanSupplier stopping;
    private final NameGenerator names = new NameGenerator();
    private final Map<TunnelKey, SocketPool> byKey = new ConcurrentHashMap<>();
    private final Map<SocketPool, Held> bound = new ConcurrentHashMap<>();
    private final Map<VisitorNetwork, Integer> ofClient = new ConcurrentHashMap<>();
    private final AtomicInteger all = new AtomicInteger();
    private final AtomicInteger next = new AtomicInteger();
    private final PortNumbers numbers;
    private volatile boolean draining;

    /**
     * None yet.
     *
     * @param grace how long a client's name and port are kept once its last socket is closed
     * @param contexts where the sockets run, in turns
     * @param stopping whether the node is about to stop, though it may not say so to agents yet: who registers now would
     *     have to do it again soon, which most clients do not
     */
    public SocketPools(
            Registry registry,
            String domain,
            Duration grace,
            DataPort.Place place,
            List<Context> contexts,
            BooleanSupplier stopping) {
        this.registry = registry;
        this.domain = domain;
        this.grace = grace;
        this.place = place;
        this.numbers = new PortNumbers(place.ports());
        this.contexts = List.copyOf(contexts);
        this.stopping = stopping;
        registry.onLost(this::lose);
    }

    /**
     * A client that may connect now.
     *
     * @param name the label under the edge's domain
     * @param port where its sockets go
     */
    record Registered(String name, TunnelKey key, int port) {}

    /**
     * A pool that has its name.
     *
     * @param deserted done when its claim has been taken back, because its client has gone; null while it has a claim
     */
    private record Held(TunnelKey key, @Nullable Future<Void> deserted) {}

    /** There is no room; whoever asked may come back. */
    static final class FullException extends Exception {
        FullException(String message) {
            super(message);
        }
    }

    /**
     * Gives a client a name and a port.
     *
     * @param wanted a valid label, or null for any; where it is in use the client gets another
     * @return fails with {@link FullException}, {@link NameRefusedException}, or {@link DataPort.NoneFreeException}
     */
    Future<Registered> register(@Nullable String wanted, InetAddress client) {
        if (draining || stopping.getAsBoolean()) {
            return Future.failedFuture(new FullException("this edge is stopping; ask again in a moment"));
        }
        SocketPool there = wanted == null ? null : byKey.get(key(wanted));
        if (wanted != null && there != null && there.isDesertedBy(client) && !isHeldElsewhere(key(wanted))) {
            return Future.succeededFuture(new Registered(wanted, key(wanted), there.port()));
        }
        if (!admits(client)) {
            return Future.failedFuture(
                    new FullException("there are too many tunnels: %d of this edge, or %d of one client"
                            .formatted(MOST, MOST_OF_ONE_CLIENT)));
        }
        return open(client).onFailure(fault -> forget(client)).compose(pool -> bind(pool, wanted, MOST_MADE_UP)
                .onFailure(fault -> discard(pool)));
    }

    /** The pool of a name on this node; null when there is none. */
    @Nullable
    SocketPool of(String name) {
        return byKey.get(key(name));
    }

    /** How many tunnels of this kind the cluster has. */
    long inCluster() {
        return registry.tunnels().stream()
                .filter(tunnel -> tunnel.kind().equals(Tunnel.LOCALTUNNEL))
                .count();
    }

    @Override
    public List<Carrier> to(TunnelKey key) {
        SocketPool pool = byKey.get(key);
        return pool == null ? List.of() : List.of(pool);
    }

    /** Its open requests are cut, and its client ends: it has nowhere to connect. */
    @Override
    public Future<Void> takeAway(TunnelKey key, String why) {
        SocketPool pool = byKey.get(key);
        return pool == null ? Future.succeededFuture() : end(key, pool, why);
    }

    @Override
    public Map<String, String> remotes() {
        Map<String, String> remotes = new HashMap<>();
        byKey.values().forEach(pool -> remotes.put(pool.id(), NetUtil.toAddressString(pool.client())));
        return remotes;
    }

    @Override
    public @Nullable String remoteOf(String lane) {
        return remotes().get(lane); // There are not many.
    }

    /** Takes no more clients. Those that are here are served until {@link #close}: nothing tells them to go elsewhere. */
    @Override
    public void drain() {
        draining = true;
    }

    /** Ends all of them; their names stay reserved for their addresses. Never fails. */
    public Future<Void> close() {
        draining = true;
        List<Future<Void>> released = new ArrayList<>();
        byKey.forEach((key, pool) -> {
            if (byKey.remove(key, pool)) {
                discard(pool);
                released.add(registry.release(key, claim(pool)).onFailure(fault -> notReleased(key, fault)));
            }
        });
        return Future.join(released).transform(done -> Future.succeededFuture());
    }

    private Future<SocketPool> open(InetAddress client) {
        Context context = contexts.get(Math.floorMod(next.getAndIncrement(), contexts.size()));
        return SocketPool.open(client, place, numbers, context, grace, new FromPools());
    }

    private Future<Registered> bind(SocketPool pool, @Nullable String wanted, int triesLeft) {
        String name = wanted == null ? names.next() : wanted;
        TunnelKey key = key(name);
        if (byKey.putIfAbsent(key, pool) != null) {
            return bind(pool, null, triesLeft);
        }
        return registry.bind(request(key, pool))
                .map(grant -> {
                    if (byKey.get(key) != pool) {
                        throw new NameRefusedException(Bound.Code.INTERNAL, "the name was taken away meanwhile");
                    }
                    bound.put(pool, new Held(key, null));
                    LOGGER.atInfo()
                            .addKeyValue("tunnel", key)
                            .addKeyValue("client", NetUtil.toAddressString(pool.client()))
                            .addKeyValue("port", pool.port())
                            .log("localtunnel client registered");
                    pool.expect(FIRST_SOCKET_WITHIN);
                    return new Registered(name, key, pool.port());
                })
                .recover(fault -> {
                    byKey.remove(key, pool);
                    return isTaken(fault) && triesLeft > 0
                            ? bind(pool, null, triesLeft - 1)
                            : Future.failedFuture(fault);
                });
    }

    private Registry.Request request(TunnelKey key, SocketPool pool) {
        return new Registry.Request(
                key,
                "localtunnel:" + NetUtil.toAddressString(pool.client()),
                Tunnel.LOCALTUNNEL,
                new Tunnel.Policy("preserve", "localtunnel", 0, false, Admission.EVERYBODY),
                claim(pool),
                null,
                false);
    }

    private boolean isHeldElsewhere(TunnelKey key) {
        Tunnel tunnel = registry.find(key);
        return tunnel != null
                && tunnel.claims().stream().anyMatch(claim -> !claim.node().equals(registry.nodeId()));
    }

    private static boolean isTaken(Throwable fault) {
        return fault instanceof NameRefusedException refused
                && (refused.code() == Bound.Code.NAME_TAKEN || refused.code() == Bound.Code.NAME_IN_USE);
    }

    /** On the pools' event loops. */
    private final class FromPools implements SocketPool.Events {
        /** Its name stays reserved for its client, who may come back at another node. */
        @Override
        public void onDeserted(SocketPool pool) {
            bound.computeIfPresent(
                    pool,
                    (same, had) -> new Held(
                            had.key(),
                            registry.release(had.key(), claim(pool))
                                    .onFailure(fault -> notReleased(had.key(), fault))));
        }

        @Override
        public void onBack(SocketPool pool) {
            Held had = bound.get(pool);
            if (had != null && had.deserted() != null) {
                had.deserted()
                        .transform(released -> registry.bind(request(had.key(), pool)))
                        .onSuccess(grant -> bound.replace(pool, had, new Held(had.key(), null)))
                        .onFailure(fault -> notBack(pool, had, fault));
            }
        }

        private void notBack(SocketPool pool, Held had, Throwable fault) {
            if (isTaken(fault)) {
                end(had.key(), pool, String.valueOf(fault.getMessage()))
                        .onFailure(failure -> notReleased(had.key(), failure));
            } else {
                place.vertx().setTimer(BACK_AGAIN.toMillis(), again -> onBack(pool));
            }
        }

        @Override
        public void onOver(SocketPool pool) {
            Held had = bound.get(pool);
            if (had != null) {
                end(had.key(), pool, "its client has gone").onFailure(fault -> notReleased(had.key(), fault));
            }
        }
    }

    private Future<Void> end(TunnelKey key, SocketPool pool, String why) {
        if (!byKey.remove(key, pool)) {
            return Future.succeededFuture();
        }
        LOGGER.atInfo().addKeyValue("tunnel", key).addKeyValue("reason", why).log("localtunnel client's port closed");
        discard(pool);
        return registry.giveUp(key, claim(pool));
    }

    /** The name belongs to another owner now. */
    private void lose(TunnelKey key, Claim claim) {
        SocketPool pool = byKey.get(key);
        if (pool != null && pool.id().equals(claim.lane()) && byKey.remove(key, pool)) {
            discard(pool);
        }
    }

    private void discard(SocketPool pool) {
        bound.remove(pool);
        if (pool.close()) {
            forget(pool.client());
        }
    }

    private boolean admits(InetAddress client) {
        if (all.incrementAndGet() > MOST) {
            all.decrementAndGet();
            return false;
        }
        boolean[] admitted = {false};
        ofClient.compute(VisitorNetwork.of(client), (network, count) -> {
            int before = count == null ? 0 : count;
            admitted[0] = before < MOST_OF_ONE_CLIENT;
            return admitted[0] ? before + 1 : before;
        });
        if (!admitted[0]) {
            all.decrementAndGet();
        }
        return admitted[0];
    }

    private void forget(InetAddress client) {
        all.decrementAndGet();
        ofClient.computeIfPresent(VisitorNetwork.of(client), (network, count) -> count == 1 ? null : count - 1);
    }

    private Claim claim(SocketPool pool) {
        return new Claim(registry.nodeId(), pool.id(), pool.id());
    }

    private TunnelKey key(String name) {
        return TunnelKey.ofHost(name + "." + domain);
    }

    private static void notReleased(TunnelKey key, Throwable fault) {
        LOGGER.atWarn().setCause(fault).addKeyValue("tunnel", key).log("claim could not be taken back; the sweep will");
    }
}

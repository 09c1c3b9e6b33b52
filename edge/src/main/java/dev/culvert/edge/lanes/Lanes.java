package dev.culvert.edge.lanes;

import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Hello;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agents connected to this node: the lane port, the lanes that stand, and which of them carries which tunnel. Safe
 * for use by any thread; every instance of the edge's verticle shares one.
 */
public final class Lanes implements LocalCarriers {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lanes.class);

    private final Registry registry;
    private final Authenticator authenticator;
    private final Binder binder;
    private final LaneOptions options;
    private final WindowBudget budget;
    private final Map<String, AgentLane> byId = new ConcurrentHashMap<>();
    private final Map<TunnelKey, List<AgentLane>> byTunnel = new ConcurrentHashMap<>();
    private final CloseCounts closes = new CloseCounts();
    private final Newcomers newcomers = new Newcomers(closes);
    private final StandingLanes standing;
    private final Quiet quiet = new Quiet();
    private final Set<Claim> handingOver = ConcurrentHashMap.newKeySet();
    private volatile boolean draining;

    /**
     * None yet.
     *
     * @param most how many lanes there may be; of one owner half as many
     */
    public Lanes(
            Registry registry,
            Authenticator authenticator,
            Binder binder,
            LaneOptions options,
            WindowBudget budget,
            int most) {
        this.registry = registry;
        this.authenticator = authenticator;
        this.binder = binder;
        this.options = options;
        this.budget = budget;
        this.standing = new StandingLanes(most);
        authenticator.onRevoked(this::revoke);
        registry.onLost(this::lose);
    }

    /** A connected agent, for people to look at. */
    public record Holder(String node, String lane, String instance, String remote) {}

    /** Accepts agents without TLS, whoever they are; {@link LanePort} is what an edge has. */
    public Future<NetServer> listen(Vertx vertx, String address, int port) {
        return new LanePort(this, null, true).listen(vertx, address, port);
    }

    /**
     * Takes an agent that came by another door. Called on the channel's event loop, which will own the lane; the handlers
     * that are in its pipeline turn what comes into bytes of frames.
     */
    public void accept(Channel channel) {
        newcomers.add(channel);
        AgentLane lane = AgentLane.accept(channel, this);
        LOGGER.atTrace().addKeyValue("remote", lane.remote()).log("agent connected");
    }

    /** The lanes of this node that carry the tunnel: the less loaded of two first, then the others. */
    @Override
    public List<Carrier> to(TunnelKey key) {
        List<AgentLane> here = byTunnel.getOrDefault(key, List.of());
        if (here.size() == 1) {
            return here.get(0).takesStreams() ? List.of(here.get(0)) : List.of();
        }
        List<Carrier> carriers = new ArrayList<>(here.size());
        for (AgentLane lane : here) {
            if (lane.takesStreams()) {
                carriers.add(lane);
            }
        }
        if (carriers.size() > 1) {
            Collections.shuffle(carriers, ThreadLocalRandom.current());
            carriers.subList(0, 2).sort(Comparator.comparingInt(Carrier::load));
        }
        return carriers;
    }

    /** Who serves the tunnel from this node. */
    public List<Holder> holdersOf(TunnelKey key) {
        return byTunnel.getOrDefault(key, List.of()).stream()
                .map(lane -> new Holder(registry.nodeId(), lane.id(), lane.instance(), lane.remote()))
                .toList();
    }

    /** How many lanes stand. */
    public int count() {
        return standing.count();
    }

    /** How many streams are open on all lanes. */
    public int streams() {
        return byId.values().stream().mapToInt(AgentLane::load).sum();
    }

    /** Where the agents of the lanes that stand come from, as {@code host:port}, by the lane's id. A snapshot. */
    @Override
    public Map<String, String> remotes() {
        return byId.values().stream()
                .filter(lane -> lane.identity() != null)
                .collect(Collectors.toUnmodifiableMap(AgentLane::id, AgentLane::remote));
    }

    @Override
    public @Nullable String remoteOf(String lane) {
        AgentLane here = byId.get(lane);
        return here == null ? null : here.remote();
    }

    /** What the windows of the streams on all lanes share. */
    public WindowBudget budget() {
        return budget;
    }

    /** Why lanes ended, since the node started. */
    public CloseCounts closes() {
        return closes;
    }

    /**
     * Takes a tunnel away from the agents that are connected here; each is told why and keeps its other tunnels. Streams
     * that are open go on to their ends.
     *
     * @return completes once the registry has this node's claims no more
     */
    @Override
    public Future<Void> takeAway(TunnelKey key, String why) {
        return Future.join(byTunnel.getOrDefault(key, List.of()).stream()
                        .map(lane -> lane.takeAway(key, why))
                        .toList())
                .mapEmpty();
    }

    /**
     * Takes no more agents, and asks those that are here to go elsewhere. Their lanes carry visitors until they are
     * closed here.
     */
    @Override
    public void drain() {
        draining = true;
        byId.values().forEach(lane -> lane.goAway(CloseReason.DRAINING, "this edge is stopping"));
    }

    /**
     * Leaves each tunnel that another node has too to that node: visitors are sent there from now on, and who comes all
     * the same is served. To be called again until nothing is left.
     *
     * @return how many claims this node still has
     */
    public int handOver() {
        int left = 0;
        for (Map.Entry<TunnelKey, List<AgentLane>> entry : byTunnel.entrySet()) {
            Tunnel tunnel = registry.find(entry.getKey());
            Set<Claim> claims = tunnel == null ? Set.of() : tunnel.claims();
            boolean elsewhere = claims.stream().anyMatch(claim -> !claim.node().equals(registry.nodeId()));
            for (AgentLane lane : entry.getValue()) {
                Claim claim = lane.claim();
                if (claims.contains(claim)) {
                    left++;
                    if (elsewhere && handingOver.add(claim)) {
                        registry.handOver(entry.getKey(), claim).onComplete(done -> handingOver.remove(claim));
                    }
                }
            }
        }
        return left;
    }

    /** Ends all lanes. */
    public void close() {
        draining = true;
        byId.values().forEach(lane -> lane.close(CloseReason.CLOSED, "this edge has stopped"));
    }

    // What follows is called by the lanes, each on its own event loop.

    Registry registry() {
        return registry;
    }

    Authenticator authenticator() {
        return authenticator;
    }

    Binder binder() {
        return binder;
    }

    LaneOptions options() {
        return options;
    }

    /** Those who have not said HELLO yet. */
    Newcomers newcomers() {
        return newcomers;
    }

    /** For what an agent can make happen as often as it likes. */
    Quiet quiet() {
        return quiet;
    }

    boolean isDraining() {
        return draining;
    }

    void arrived(AgentLane lane) {
        byId.put(lane.id(), lane);
    }

    void left(AgentLane lane) {
        byId.remove(lane.id());
        standing.leave(lane);
    }

    /** Lets in a lane whose agent is known now, in the place of those that its agent has given up. */
    StandingLanes.Verdict enter(AgentLane newcomer, Hello hello, Identity identity) {
        List<AgentLane> replaced = new ArrayList<>(0);
        StandingLanes.Verdict verdict = standing.enter(newcomer, hello, identity, replaced);
        for (AgentLane other : replaced) {
            // Out of the directory at once, not only when its own event loop gets to it.
            forget(other);
            other.close(CloseReason.REPLACED, "a newer lane of the same agent took its place");
        }
        return verdict;
    }

    void bound(TunnelKey key, AgentLane lane) {
        lane.served().add(key);
        byTunnel.compute(key, (k, lanes) -> with(lanes == null ? List.of() : lanes, lane));
    }

    void unbound(TunnelKey key, AgentLane lane) {
        lane.served().remove(key);
        byTunnel.computeIfPresent(key, (k, lanes) -> without(lanes, lane));
    }

    private void forget(AgentLane lane) {
        lane.served().forEach(key -> unbound(key, lane));
    }

    private void revoke(Identity revoked) {
        for (AgentLane lane : byId.values()) {
            Identity identity = lane.identity();
            if (identity != null && identity.credential().equals(revoked.credential())) {
                lane.withdraw();
            }
        }
    }

    private void lose(TunnelKey key, Claim claim) {
        AgentLane lane = byId.get(claim.lane());
        if (lane != null) {
            lane.lose(key);
        }
    }

    private static List<AgentLane> with(List<AgentLane> lanes, AgentLane lane) {
        if (lanes.contains(lane)) {
            return lanes;
        }
        List<AgentLane> longer = new ArrayList<>(lanes);
        longer.add(lane);
        return List.copyOf(longer);
    }

    private static @Nullable List<AgentLane> without(List<AgentLane> lanes, AgentLane lane) {
        List<AgentLane> shorter = lanes.stream().filter(other -> other != lane).toList();
        return shorter.isEmpty() ? null : shorter;
    }
}

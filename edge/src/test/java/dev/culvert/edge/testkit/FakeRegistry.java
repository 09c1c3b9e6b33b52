package dev.culvert.edge.testkit;

import dev.culvert.admission.Admission;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.RegistryBusyException;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;

/** A registry whose two copies, this node's and the owner's, say what a test tells them. */
public final class FakeRegistry implements Registry {
    public static final Claim CLAIM = new Claim("node-1", "lane-1", "agent-1");

    private final Map<TunnelKey, Tunnel> here = new ConcurrentHashMap<>();
    private final Map<TunnelKey, Tunnel> atOwner = new ConcurrentHashMap<>();

    /** The keys that {@link #confirm} was asked about. */
    public final List<TunnelKey> confirmed = new CopyOnWriteArrayList<>();

    /** Whether more is asked for than it looks up. */
    public volatile boolean busy;

    /** An HTTP tunnel with one claim. */
    public static Tunnel tunnel(String host) {
        return tunnel(
                host, new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY), Set.of(CLAIM));
    }

    public static Tunnel tunnel(String host, Tunnel.Policy policy, Set<Claim> claims) {
        return new Tunnel(TunnelKey.ofHost(host), "owner", 0, "http", policy, claims, 0);
    }

    /** A tunnel to a target that speaks HTTP/2, with one claim. */
    public static Tunnel http2Tunnel(String host) {
        Tunnel.Policy policy = new Tunnel.Policy("preserve", "127.0.0.1:50051", 0, false, Admission.EVERYBODY);
        return new Tunnel(TunnelKey.ofHost(host), "owner", 0, Tunnel.HTTP2, policy, Set.of(CLAIM), 0);
    }

    /** A tunnel to a target that ends TLS itself, with one claim. */
    public static Tunnel tlsTunnel(String host) {
        Tunnel.Policy policy = new Tunnel.Policy("preserve", "127.0.0.1:443", 0, false, Admission.EVERYBODY);
        return new Tunnel(TunnelKey.ofHost(host), "owner", 0, "tls", policy, Set.of(CLAIM), 0);
    }

    /** Both copies have it. */
    public void know(Tunnel tunnel) {
        here.put(tunnel.key(), tunnel);
        atOwner.put(tunnel.key(), tunnel);
    }

    /** Only the owner's copy has it: this node has not heard yet. */
    public void knowAtOwner(Tunnel tunnel) {
        here.remove(tunnel.key());
        atOwner.put(tunnel.key(), tunnel);
    }

    /** Only this node's copy has it, and is wrong. */
    public void forgetAtOwner(String host) {
        atOwner.remove(TunnelKey.ofHost(host));
    }

    @Override
    public Tunnel find(TunnelKey key) {
        return here.get(key);
    }

    @Override
    public Future<Optional<Tunnel>> confirm(TunnelKey key) {
        confirmed.add(key);
        if (busy) {
            return Future.failedFuture(new RegistryBusyException());
        }
        // On a thread of nobody's, as another node's answer comes.
        return Future.fromCompletionStage(CompletableFuture.supplyAsync(() -> Optional.ofNullable(atOwner.get(key))));
    }

    @Override
    public Collection<Tunnel> tunnels() {
        return List.copyOf(here.values());
    }

    @Override
    public int nodes() {
        return 1;
    }

    @Override
    public String nodeId() {
        return "node-1";
    }

    @Override
    public Future<Grant> bind(Request request, Runnable granted) {
        Tunnel tunnel = new Tunnel(
                request.key(), request.owner(), 0, request.kind(), request.policy(), Set.of(request.claim()), 0);
        know(tunnel);
        return Future.succeededFuture(new Grant(tunnel, "ticket"));
    }

    @Override
    public Future<Void> release(TunnelKey key, Claim claim) {
        return giveUp(key, claim);
    }

    @Override
    public Future<Void> giveUp(TunnelKey key, Claim claim) {
        here.remove(key);
        atOwner.remove(key);
        return Future.succeededFuture();
    }

    @Override
    public Set<String> members() {
        return Set.of(nodeId());
    }

    @Override
    public Future<Boolean> free(TunnelKey key) {
        here.remove(key);
        atOwner.remove(key);
        return Future.succeededFuture(true);
    }

    @Override
    public Future<Boolean> handOver(TunnelKey key, Claim claim) {
        return Future.succeededFuture(false); // There is no other node.
    }

    @Override
    public void onLost(BiConsumer<TunnelKey, Claim> listener) {
        // Nothing is lost here.
    }

    @Override
    public void onClaims(ClaimListener listener) {
        // Nobody is told here.
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}

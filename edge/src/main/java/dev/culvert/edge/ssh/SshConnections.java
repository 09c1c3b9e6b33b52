package dev.culvert.edge.ssh;

import dev.culvert.edge.access.Identity;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Carrier;
import dev.culvert.edge.lanes.LocalCarriers;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.WindowBudget;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/**
 * The SSH clients of this node that are known, and which of them serves which tunnel. Safe for use by any thread.
 *
 * <p>The newest connection of a credential gets a name from an older one on the same node: a client that has lost its
 * connection is back before the edge knows that the old one is dead.
 */
public final class SshConnections implements LocalCarriers {
    private final Registry registry;
    private final Binder binder;
    private final String domain;
    private final WindowBudget budget;
    private final List<Context> contexts;
    private final AtomicInteger next = new AtomicInteger();
    private final Map<String, SshConnection> byId = new ConcurrentHashMap<>();
    private final Map<TunnelKey, Forward> byKey = new ConcurrentHashMap<>();
    private volatile boolean draining;

    /**
     * None yet.
     *
     * @param budget what the windows of the clients' channels are taken out of
     * @param contexts where the connections' states live, in turns
     */
    public SshConnections(
            Registry registry, Binder binder, String domain, WindowBudget budget, List<Context> contexts) {
        this.registry = registry;
        this.binder = binder;
        this.domain = domain;
        this.budget = budget;
        this.contexts = List.copyOf(contexts);
        registry.onLost(this::lose);
    }

    @Override
    public List<Carrier> to(TunnelKey key) {
        Forward forward = byKey.get(key);
        return forward == null ? List.of() : List.of(forward);
    }

    /** Its open streams go on to their ends, unless the client has no other tunnel: then its connection is closed. */
    @Override
    public Future<Void> takeAway(TunnelKey key, String why) {
        Forward forward = byKey.get(key);
        return forward == null ? Future.succeededFuture() : forward.connection().takeAway(key, forward, why);
    }

    @Override
    public Map<String, String> remotes() {
        return byId.values().stream().collect(Collectors.toUnmodifiableMap(SshConnection::id, SshConnection::remote));
    }

    @Override
    public @Nullable String remoteOf(String lane) {
        SshConnection connection = byId.get(lane);
        return connection == null ? null : connection.remote();
    }

    /** Gives no more names. Those who have some are served until {@link #close}: nothing tells them to go elsewhere. */
    @Override
    public void drain() {
        draining = true;
    }

    /** Ends all of them; their names stay reserved for their owners. Never fails. */
    public Future<Void> close() {
        draining = true;
        return Future.join(byId.values().stream()
                        .map(connection -> connection.close("this edge has stopped"))
                        .toList())
                .transform(done -> Future.succeededFuture());
    }

    /** Ends the connections of a credential that was withdrawn. */
    void revoke(Identity revoked) {
        byId.values().stream()
                .filter(connection -> connection.identity().credential().equals(revoked.credential()))
                .forEach(connection -> connection.disconnect("the key or token was withdrawn"));
    }

    // What follows is called by the connections and the port.

    SshConnection arrived(ServerSession session, Login login) {
        EventLoop loop = Sockets.eventLoopOf(contexts.get(Math.floorMod(next.getAndIncrement(), contexts.size())));
        SshConnection connection = new SshConnection(session, login, loop, this);
        byId.put(connection.id(), connection);
        connection.start();
        return connection;
    }

    void left(SshConnection connection, boolean givenUp) {
        byId.remove(connection.id());
        connection.ended(givenUp);
    }

    void serve(TunnelKey key, Forward forward) {
        forward.serves(key);
        Forward before = byKey.put(key, forward);
        if (before != null && before != forward) {
            before.connection().lose(key, before, "another connection of yours has taken it over");
        }
    }

    void unserve(TunnelKey key, Forward forward) {
        byKey.remove(key, forward);
    }

    Claim claim(SshConnection connection) {
        return new Claim(
                registry.nodeId(),
                connection.id(),
                "ssh:" + connection.identity().credential());
    }

    Registry registry() {
        return registry;
    }

    Binder binder() {
        return binder;
    }

    String domain() {
        return domain;
    }

    WindowBudget budget() {
        return budget;
    }

    boolean isDraining() {
        return draining;
    }

    private void lose(TunnelKey key, Claim claim) {
        @Nullable Forward forward = byKey.get(key);
        if (forward != null && forward.connection().id().equals(claim.lane())) {
            forward.connection().lose(key, forward, "the name belongs to an older owner, who has come back");
        }
    }
}

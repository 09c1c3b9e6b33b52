package dev.culvert.edge.admin;

import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.names.HostName;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/** The cluster's tunnels as the admin API tells of them. Safe for use by any thread. */
public final class TunnelList {
    /** What agents are told when their tunnel is deleted. */
    private static final String TAKEN_AWAY = "whoever runs the edge has taken the name away";

    private final Registry registry;
    private final String domain;
    private final Function<Tunnel, String> urls;
    private final ClusterView cluster;

    /**
     * A list.
     *
     * @param domain the domain under which a name may be given by its label alone
     * @param urls where visitors find a tunnel
     * @param cluster what all nodes carried
     */
    public TunnelList(Registry registry, String domain, Function<Tunnel, String> urls, ClusterView cluster) {
        this.registry = registry;
        this.domain = domain;
        this.urls = urls;
        this.cluster = cluster;
    }

    /** What became of a tunnel that was to be deleted. */
    enum Deletion {
        GONE,
        UNKNOWN,
        /** A node that holds it did not answer, or an agent came back meanwhile. */
        STILL_HELD
    }

    /** All of them, by name. */
    Future<List<JsonObject>> all() {
        return cluster.look().map(this::all);
    }

    /** The same, with counts that are known already. */
    List<JsonObject> all(ClusterPicture picture) {
        return registry.tunnels().stream()
                .map(tunnel -> json(tunnel, picture))
                .sorted(Comparator.comparing(tunnel -> tunnel.getString("name")))
                .toList();
    }

    /**
     * The tunnel of a name.
     *
     * @param name a label under the domain, a whole host name, or {@code tcp:} and a port
     */
    Future<Optional<JsonObject>> one(String name) {
        return find(key(name))
                .compose(found -> cluster.look().map(picture -> found.map(tunnel -> json(tunnel, picture))));
    }

    /** Takes the tunnel away from all its agents, on whatever nodes, and frees its name. */
    Future<Deletion> delete(String name) {
        TunnelKey key = key(name);
        return find(key)
                .compose(found -> found.map(this::takeAway).orElseGet(() -> Future.succeededFuture(Deletion.UNKNOWN)));
    }

    private Future<Deletion> takeAway(Tunnel tunnel) {
        List<Future<Void>> told = tunnel.claims().stream()
                .map(Claim::node)
                .distinct()
                .map(node -> cluster.takeAway(node, tunnel.key(), TAKEN_AWAY))
                .toList();
        // Whether or not all nodes answered, the registry knows what is left.
        return Future.join(told)
                .transform(done -> registry.free(tunnel.key()))
                .map(free -> free ? Deletion.GONE : Deletion.STILL_HELD);
    }

    private Future<Optional<Tunnel>> find(TunnelKey key) {
        Tunnel known = registry.find(key);
        return known != null ? Future.succeededFuture(Optional.of(known)) : registry.confirm(key);
    }

    private TunnelKey key(String name) {
        if (name.startsWith("tcp:")) {
            return new TunnelKey(name);
        }
        return TunnelKey.ofHost(name.contains(".") ? name : name + "." + domain);
    }

    private String name(TunnelKey key) {
        return key.isPort()
                ? key.value()
                : HostName.labelUnder(key.name(), domain).orElse(key.name());
    }

    private JsonObject json(Tunnel tunnel, ClusterPicture picture) {
        Traffic.Counts count = picture.counts(tunnel.key());
        JsonArray holders = new JsonArray();
        for (Claim claim : tunnel.claims()) {
            holders.add(new JsonObject()
                    .put("node", claim.node())
                    .put("lane", claim.lane())
                    .put("instance", claim.instance())
                    .put("address", picture.agent(claim.lane())));
        }
        return new JsonObject()
                .put("name", name(tunnel.key()))
                .put("url", urls.apply(tunnel))
                .put("kind", tunnel.kind())
                .put("owner", tunnel.owner())
                .put("target", tunnel.policy().target())
                .put(
                        "allowFrom",
                        new JsonArray(tunnel.policy().admission().networks().texts()))
                .put("passwords", tunnel.policy().admission().passwords().size())
                .put(
                        "people",
                        new JsonArray(tunnel.policy().admission().people().all()))
                .put(
                        "unread",
                        new JsonArray(tunnel.policy().unread().restrictions().stream()
                                .sorted()
                                .toList()))
                .put("rate", Objects.toString(tunnel.policy().rate(), null))
                .put("since", time(tunnel.ownedSinceMillis()))
                .put("reservedUntil", tunnel.reservedUntilMillis() == 0 ? null : time(tunnel.reservedUntilMillis()))
                .put("holders", holders)
                .put("visitors", count.visitors())
                .put("requests", count.requests())
                .put("bytesIn", count.bytesIn())
                .put("bytesOut", count.bytesOut());
    }

    private static String time(long millis) {
        return Instant.ofEpochMilli(millis).toString();
    }
}

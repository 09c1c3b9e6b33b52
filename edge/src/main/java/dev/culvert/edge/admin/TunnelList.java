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
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The cluster's tunnels as the admin API tells of them. Safe for use by any thread. */
public final class TunnelList {
    private static final String HOST = "host:";

    private final Registry registry;
    private final String domain;
    private final Function<TunnelKey, String> urls;
    private final Function<TunnelKey, Traffic.Counts> counts;
    private final Addresses addresses;

    /**
     * A list.
     *
     * @param domain the domain under which a name may be given by its label alone
     * @param urls where visitors find a tunnel
     * @param counts what this node's ingress has carried of it
     */
    public TunnelList(
            Registry registry,
            String domain,
            Function<TunnelKey, String> urls,
            Function<TunnelKey, Traffic.Counts> counts,
            Addresses addresses) {
        this.registry = registry;
        this.domain = domain;
        this.urls = urls;
        this.counts = counts;
        this.addresses = addresses;
    }

    /** All of them, by name. */
    JsonArray all() {
        JsonArray array = new JsonArray();
        registry.tunnels().stream()
                .sorted(Comparator.comparing(tunnel -> name(tunnel.key())))
                .map(this::json)
                .forEach(array::add);
        return array;
    }

    /**
     * The tunnel of a name.
     *
     * @param name a label under the domain, a whole host name, or {@code tcp:} and a port
     */
    Future<Optional<JsonObject>> one(String name) {
        TunnelKey key = key(name);
        Tunnel known = registry.find(key);
        return known != null
                ? Future.succeededFuture(Optional.of(json(known)))
                : registry.confirm(key).map(found -> found.map(this::json));
    }

    private TunnelKey key(String name) {
        if (name.startsWith("tcp:")) {
            return new TunnelKey(name);
        }
        return TunnelKey.ofHost(name.contains(".") ? name : name + "." + domain);
    }

    private String name(TunnelKey key) {
        if (!key.value().startsWith(HOST)) {
            return key.value();
        }
        String host = key.value().substring(HOST.length());
        return HostName.labelUnder(host, domain).orElse(host);
    }

    private JsonObject json(Tunnel tunnel) {
        Traffic.Counts count = counts.apply(tunnel.key());
        JsonArray holders = new JsonArray();
        for (Claim claim : tunnel.claims()) {
            holders.add(new JsonObject()
                    .put("node", claim.node())
                    .put("lane", claim.lane())
                    .put("instance", claim.instance())
                    .put("address", addresses.of(tunnel.key(), claim)));
        }
        return new JsonObject()
                .put("name", name(tunnel.key()))
                .put("url", urls.apply(tunnel.key()))
                .put("kind", tunnel.kind())
                .put("owner", tunnel.owner())
                .put("target", tunnel.policy().target())
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

    /** Where agents come from. Any thread. */
    @FunctionalInterface
    public interface Addresses {
        /** The agent's address as {@code host:port}; null when the lane ends at another node. */
        @Nullable
        String of(TunnelKey key, Claim claim);
    }
}

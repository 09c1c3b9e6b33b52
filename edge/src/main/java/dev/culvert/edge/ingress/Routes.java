package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.names.HostName;
import io.vertx.core.Future;
import java.net.URI;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Works out where a request goes, from its own authority alone:
 *
 * <ol>
 *   <li>the edge's own host: the domain itself, the host of the public URL, and this machine's names when the domain is
 *       {@code localhost};
 *   <li>a name that the registry has: its tunnel;
 *   <li>one label under the domain that nobody has: 404, the visitor is right here and the tunnel is missing;
 *   <li>anything else: 421, the visitor (or its DNS) took this edge for another server.
 * </ol>
 *
 * A name of more labels under the domain is nothing of ours, and the registry is not asked for it.
 */
final class Routes {
    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private final Registry registry;
    private final String domain;
    private final Set<String> own;

    Routes(IngressOptions options, Registry registry) {
        this.registry = registry;
        this.domain = options.domain();
        URI publicUrl = options.publicUrl();
        String publicHost = publicUrl == null || publicUrl.getHost() == null
                ? domain
                : HostName.normalise(publicUrl.getHost()).orElse(publicUrl.getHost());
        this.own = union(domain.equals("localhost") ? THIS_MACHINE : Set.of(domain), publicHost);
    }

    /** Where a request may go. */
    sealed interface Route {}

    /** To the edge itself. */
    record Own() implements Route {}

    /** Through a tunnel. */
    record Through(Tunnel tunnel) implements Route {}

    /** Nobody here knows; {@link Routes#confirm} asks the cluster. */
    record Unsure(TunnelKey key, Reply ifUnknown) implements Route {}

    /** Nowhere. */
    record Refused(Reply reply) implements Route {}

    /** Whether the host is the edge's own, in its normal form. */
    boolean isOwn(String host) {
        return own.contains(host);
    }

    /** What this node knows, at once. */
    Route to(Authority authority) {
        String host = authority.host();
        if (isOwn(host)) {
            return new Own();
        }
        Optional<String> label = HostName.labelUnder(host, domain);
        if (host.startsWith("[") || (label.isEmpty() && host.endsWith("." + domain))) {
            return new Refused(Reply.notServed(host));
        }
        TunnelKey key = TunnelKey.ofHost(host);
        Tunnel tunnel = registry.find(key);
        if (tunnel != null) {
            return through(tunnel);
        }
        return new Unsure(key, label.map(some -> Reply.unknown(some, host)).orElseGet(() -> Reply.notServed(host)));
    }

    /** What the whole cluster knows. */
    Future<Route> confirm(Unsure unsure) {
        return registry.confirm(unsure.key())
                .map(found -> found.map(Routes::through).orElseGet(() -> new Refused(unsure.ifUnknown())));
    }

    private static Route through(Tunnel tunnel) {
        // Passthrough tunnels have the same keys; their visitors come by TLS, and their edge has no certificate.
        return tunnel.isHttp()
                ? new Through(tunnel)
                : new Refused(Reply.byTlsAlone(tunnel.key().name()));
    }

    private static Set<String> union(Set<String> hosts, String host) {
        Set<String> all = new HashSet<>(hosts);
        all.add(host);
        return Set.copyOf(all);
    }
}

package dev.culvert.edge.lanes;

import dev.culvert.config.PortRange;
import java.util.function.UnaryOperator;

/**
 * Which tunnels an edge has for its agents, and where their visitors find them.
 *
 * @param domain under which labels become names; also the host of TCP ports
 * @param tcpPorts the ports that tunnels for raw TCP may have
 * @param tls whether visitors can come by TLS that ends at the target
 * @param signIn whether visitors can sign in with an identity provider
 * @param groups whether it says which groups people belong to
 * @param urls where visitors find a host
 */
public record Offer(String domain, PortRange tcpPorts, boolean tls, boolean signIn, boolean groups, HostUrls urls) {

    /** Where visitors find a host. */
    public interface HostUrls {
        /** The URL of a host whose tunnel is of this kind, {@code http} or {@code tls}. */
        String of(String kind, String host);
    }

    /** HTTP alone. */
    public static Offer ofHttp(String domain, UnaryOperator<String> url) {
        return new Offer(domain, PortRange.OFF, false, false, false, (kind, host) -> url.apply(host));
    }
}

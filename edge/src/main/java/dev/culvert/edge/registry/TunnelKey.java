package dev.culvert.edge.registry;

import org.jspecify.annotations.Nullable;

/**
 * What the registry knows a tunnel by, and what frames call it.
 *
 * @param value {@code host:<fqdn>} or {@code tcp:<port>}
 */
public record TunnelKey(String value) {

    /** The key of a public host name; HTTP and passthrough share it, so that one host has one owner. */
    public static TunnelKey ofHost(String fqdn) {
        return new TunnelKey("host:" + fqdn);
    }

    /** The key of a public TCP port. */
    public static TunnelKey ofPort(int port) {
        return new TunnelKey("tcp:" + port);
    }

    /** Whether it is a port's, not a host's. */
    public boolean isPort() {
        return value.startsWith("tcp:");
    }

    /** The host or the port alone, as people know it. */
    public String name() {
        return value.substring(value.indexOf(':') + 1);
    }

    // As every record has them, but without the method handles: each request looks for its key in several maps.

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TunnelKey key && value.equals(key.value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return value;
    }
}

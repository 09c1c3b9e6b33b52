package dev.culvert.edge.registry;

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

    @Override
    public String toString() {
        return value;
    }
}

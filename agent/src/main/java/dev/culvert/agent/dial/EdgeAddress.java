package dev.culvert.agent.dial;

import dev.culvert.agent.target.HostPort;
import java.util.Locale;

/**
 * Where an edge takes agents in. Written as {@code host:port} (plain), {@code tls://host[:port]}, {@code http://} or
 * {@code https://host[:port]} (WebSocket), or a bare host (the same as {@code https://host}).
 *
 * @param transport what carries the lane
 */
public record EdgeAddress(Transport transport, HostPort hostPort) {
    /** The edge on this machine, with its default port. */
    public static final EdgeAddress DEFAULT = parse("127.0.0.1:7070");

    /** What carries a lane. */
    public enum Transport {
        /** A plain TCP connection: for loopback and for private networks. */
        TCP,
        /** TLS on a port of its own. */
        TLS,
        /** A WebSocket on the web port, plain. */
        WS,
        /** A WebSocket on the web port, over TLS. */
        WSS
    }

    /** Reads an address; the exception's message is for the person who wrote it. */
    public static EdgeAddress parse(String text) {
        try {
            return read(text.strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"%s\" is not an edge (%s): write host:port, or https://host".formatted(text, e.getMessage()));
        }
    }

    private static EdgeAddress read(String text) {
        int schemeEnd = text.indexOf("://");
        if (schemeEnd < 0) {
            boolean bare = text.startsWith("[") ? text.endsWith("]") : !text.contains(":");
            return bare
                    ? new EdgeAddress(Transport.WSS, HostPort.parse(text, 443))
                    : new EdgeAddress(Transport.TCP, HostPort.parse(text));
        }
        String scheme = text.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
        String rest = text.substring(schemeEnd + 3);
        String authority = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
        return switch (scheme) {
            case "tls" -> new EdgeAddress(Transport.TLS, HostPort.parse(authority, 443));
            case "https" -> new EdgeAddress(Transport.WSS, HostPort.parse(authority, 443));
            case "http" -> new EdgeAddress(Transport.WS, HostPort.parse(authority, 80));
            default -> throw new IllegalArgumentException("%s:// is not known".formatted(scheme));
        };
    }

    /** Whether the lane is in a WebSocket. */
    public boolean isWeb() {
        return transport == Transport.WS || transport == Transport.WSS;
    }

    /** Whether everybody on the way can read what the lane carries. */
    public boolean isPlain() {
        return transport == Transport.TCP || transport == Transport.WS;
    }

    /** The address as it is written. */
    @Override
    public String toString() {
        return switch (transport) {
            case TCP -> hostPort.toString();
            case TLS -> "tls://" + hostPort;
            case WS -> "http://" + hostPort;
            case WSS -> "https://" + hostPort;
        };
    }
}

package dev.culvert.agent.target;

import io.netty.util.NetUtil;
import java.util.Locale;
import java.util.Set;

/**
 * A host and a port as people write them: {@code localhost:3000}, {@code [::1]:3000}.
 *
 * @param host a name or an address, an IPv6 address without brackets
 */
public record HostPort(String host, int port) {
    private static final int MAX_HOST_CHARS = 253;

    public HostPort {
        host = host.toLowerCase(Locale.ROOT);
        if (host.isEmpty() || host.length() > MAX_HOST_CHARS || !isHost(host)) {
            throw new IllegalArgumentException("\"%s\" is not a host".formatted(host));
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("a port is between 1 and 65535, not " + port);
        }
    }

    /** Reads {@code host:port}. */
    public static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("\"%s\" has no port".formatted(text));
        }
        return new HostPort(withoutBrackets(text.substring(0, colon)), port(text.substring(colon + 1)));
    }

    /** Reads {@code host:port}, {@code host} or {@code [address]}. */
    public static HostPort parse(String text, int defaultPort) {
        boolean hasPort = text.startsWith("[")
                ? text.contains("]:")
                : text.indexOf(':') == text.lastIndexOf(':') && text.contains(":");
        return hasPort ? parse(text) : new HostPort(withoutBrackets(text), defaultPort);
    }

    /** Whether it is this machine by its very name or address; nothing is looked up. */
    public boolean isLoopback() {
        return host.equals("localhost")
                || host.endsWith(".localhost")
                || host.equals("::1")
                || host.equals("0:0:0:0:0:0:0:1")
                || (NetUtil.isValidIpV4Address(host) && host.startsWith("127."));
    }

    /** Whether it is {@code localhost}, which some servers mean as 127.0.0.1 and some as ::1. */
    boolean isLocalhost() {
        return Set.of("localhost", "localhost.").contains(host);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    static int port(String text) {
        if (!text.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("\"%s\" is not a port".formatted(text));
        }
        return Integer.parseInt(text);
    }

    private static String withoutBrackets(String host) {
        if (host.startsWith("[") && host.endsWith("]")) {
            return host.substring(1, host.length() - 1);
        }
        if (host.contains(":")) {
            throw new IllegalArgumentException("an IPv6 address needs brackets, like [::1]:3000");
        }
        return host;
    }

    private static boolean isHost(String host) {
        return host.contains(":") ? NetUtil.isValidIpV6Address(host) : host.matches("[a-z0-9._-]+");
    }
}

package dev.culvert.agent.localtunnel;

import dev.culvert.agent.dial.Reconnect;
import dev.culvert.agent.target.HostPort;
import dev.culvert.agent.target.Target;
import java.net.URI;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel on a localtunnel server is to be.
 *
 * @param server the server's URL; {@link #DEFAULT_SERVER} is that of Node's client
 * @param subdomain the name to ask for; null for one that the server makes up
 * @param target where visitors are taken to
 * @param host what the target finds in Host; null for what visitors asked for
 * @param reconnect what to do when the server does not answer or is lost; {@link Reconnect#DEFAULT} tries for ever
 */
public record LocaltunnelOptions(
        URI server,
        @Nullable String subdomain,
        Target target,
        @Nullable String host,
        Reconnect reconnect) {

    public static final URI DEFAULT_SERVER = URI.create("https://localtunnel.me");

    public LocaltunnelOptions {
        server = parseServer(server.toString());
        if (subdomain != null && !subdomain.matches("[A-Za-z0-9-]{1,63}")) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a subdomain: letters, digits and hyphens, at most 63".formatted(subdomain));
        }
        if (host != null && !host.matches("[\\x21-\\x7e]+")) {
            throw new IllegalArgumentException("\"%s\" is not a host".formatted(host));
        }
    }

    /** A tunnel to a local port, under a name that the server makes up. */
    public static LocaltunnelOptions of(URI server, int port) {
        return new LocaltunnelOptions(server, null, Target.parse(Integer.toString(port)), null, Reconnect.DEFAULT);
    }

    /** Asks for a name. */
    public LocaltunnelOptions withSubdomain(@Nullable String newSubdomain) {
        return new LocaltunnelOptions(server, newSubdomain, target, host, reconnect);
    }

    /**
     * Takes visitors to the same port of this host, which they then have asked for: it replaces what is in Host, without
     * a port, as Node's client has it.
     */
    public LocaltunnelOptions withLocalHost(String localHost) {
        HostPort local = target.hostPort();
        if (local == null) {
            throw new IllegalArgumentException("%s has no port".formatted(target));
        }
        String bare = withoutBrackets(localHost);
        HostPort there = new HostPort(bare, local.port());
        String inHost = bare.contains(":") ? "[%s]".formatted(bare) : bare;
        return new LocaltunnelOptions(server, subdomain, Target.parse(there.toString()), inHost, reconnect);
    }

    public LocaltunnelOptions withReconnect(Reconnect newReconnect) {
        return new LocaltunnelOptions(server, subdomain, target, host, newReconnect);
    }

    /** Reads a server's URL, or a bare host, which is {@code https://host}. */
    public static URI parseServer(String text) {
        String url = (text.contains("://") ? text : "https://" + text).replaceFirst("/+$", "");
        try {
            URI server = URI.create(url);
            String scheme = String.valueOf(server.getScheme()).toLowerCase(Locale.ROOT);
            boolean plain = server.getUserInfo() == null && server.getQuery() == null && server.getFragment() == null;
            boolean hasScheme = text.contains("://") || server.getPort() < 0;
            if (server.getHost() != null
                    && plain
                    && hasScheme
                    && Set.of("http", "https").contains(scheme)) {
                return server;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new IllegalArgumentException(
                "\"%s\" is not a server's URL: write http://host[:port] or https://host[:port]".formatted(text));
    }

    /** The server's host, as sockets are connected to. */
    String serverHost() {
        return withoutBrackets(server.getHost());
    }

    /** Whether the target is the server: each visitor would come back as a new one, without end. */
    boolean isLoop() {
        int serverPort = server.getPort() < 0 ? (isHttps(server) ? 443 : 80) : server.getPort();
        HostPort there = new HostPort(serverHost(), serverPort);
        HostPort local = target.hostPort();
        return local != null
                && local.port() == there.port()
                && (local.host().equals(there.host()) || (local.isLoopback() && there.isLoopback()));
    }

    private static boolean isHttps(URI server) {
        return "https".equalsIgnoreCase(server.getScheme());
    }

    private static String withoutBrackets(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }
}

package dev.culvert.agent;

import dev.culvert.agent.target.Target;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel is to be.
 *
 * @param kind what visitors speak
 * @param target where their requests go
 * @param name the name asked for: a label under the edge's domain, or a whole host name where the edge allows it; null
 *     for the one that the target had before, or else one that the edge makes up
 * @param pool whether other agents of the same owner may serve the name too; all of them must say so
 * @param hostHeader what the target finds in Host: {@code preserve} for the public host, {@code rewrite} for the
 *     target's own, which a Unix socket has as localhost (with Origin, and Location back), or a value
 * @param insecureTarget whether an {@code https} target's certificate is taken unseen, for self-signed ones
 */
public record TunnelOptions(
        Kind kind, Target target, @Nullable String name, boolean pool, String hostHeader, boolean insecureTarget) {

    private static final String PRESERVE = "preserve";

    /** What visitors speak. */
    public enum Kind {
        HTTP("http");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }
    }

    public TunnelOptions {
        if (hostHeader.isBlank() || hostHeader.chars().anyMatch(character -> character <= ' ' || character > '~')) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a host header: say preserve, rewrite, or the host".formatted(hostHeader));
        }
        if (name != null && name.isBlank()) {
            throw new IllegalArgumentException("a name must not be empty: leave it out for one that is made up");
        }
    }

    /** HTTP to a port of this machine, {@code host:port}, a URL or {@code unix:/path}. */
    public static TunnelOptions http(String target) {
        return new TunnelOptions(Kind.HTTP, Target.parse(target), null, false, PRESERVE, false);
    }

    /** HTTP to a port of this machine. */
    public static TunnelOptions http(int port) {
        return http(Integer.toString(port));
    }

    public TunnelOptions withName(@Nullable String newName) {
        return new TunnelOptions(kind, target, newName, pool, hostHeader, insecureTarget);
    }

    public TunnelOptions withPool(boolean newPool) {
        return new TunnelOptions(kind, target, name, newPool, hostHeader, insecureTarget);
    }

    public TunnelOptions withHostHeader(String newHostHeader) {
        return new TunnelOptions(kind, target, name, pool, newHostHeader, insecureTarget);
    }

    public TunnelOptions withInsecureTarget(boolean newInsecureTarget) {
        return new TunnelOptions(kind, target, name, pool, hostHeader, newInsecureTarget);
    }
}

package dev.culvert.edge.ssh;

import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.names.HostName;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for by {@code -R [address:]port:…}, as it has put it: it knows its forwards by these two again.
 *
 * @param address where it would listen if this were a machine's own port: here, a name
 * @param port 80 and 443 are for HTTP, others for raw TCP, 0 for any
 */
record Asked(String address, int port) {
    /** What clients send where their user has named no address, or any. */
    private static final Set<String> ANY = Set.of("", "*", "localhost", "0.0.0.0", "::", "127.0.0.1", "::1");

    private static final String TARGET = "ssh";

    /** The one with the port that it was given. */
    Asked at(int given) {
        return new Asked(address, given);
    }

    private boolean isAny(String domain) {
        return isHttp() ? name(domain) == null : port == 0;
    }

    /** Whether the two want the same name or port, or the client could not tell their visitors apart. */
    boolean isSame(Asked other, String domain) {
        return isAny(domain) ? port != 0 && equals(other) : bind(domain).equals(other.bind(domain));
    }

    /** Whether it can be had at all; fails with what is wrong with it. */
    void check(String domain) throws NameRefusedException {
        if (address.length() > HostName.MAX_CHARS) {
            throw new NameRefusedException(
                    Bound.Code.NAME_INVALID, "a name has %d characters at most".formatted(HostName.MAX_CHARS));
        }
        if (!isHttp() && name(domain) != null) {
            throw new NameRefusedException(
                    Bound.Code.NAME_INVALID,
                    "names are for the ports 80 and 443; for the raw TCP port %d leave the name away".formatted(port));
        }
    }

    /** The same in the words of agents. */
    Bind bind(String domain) {
        return new Bind(
                1,
                isHttp() ? "http" : "tcp",
                isHttp() ? name(domain) : null,
                isHttp() ? 0 : port,
                null,
                false,
                "preserve",
                TARGET,
                0,
                Bind.Visitors.EVERYBODY,
                false);
    }

    /** As one writes it for {@code ssh}; what is too long is cut, because it is kept for terminals. */
    @Override
    public String toString() {
        String shown = address.length() > HostName.MAX_CHARS ? address.substring(0, HostName.MAX_CHARS) + "…" : address;
        return ANY.contains(address) ? "-R %d".formatted(port) : "-R %s:%d".formatted(shown, port);
    }

    private boolean isHttp() {
        return port == 80 || port == 443;
    }

    private @Nullable String name(String domain) {
        String host = address.toLowerCase(Locale.ROOT);
        return ANY.contains(host) || host.equals(domain)
                ? null
                : HostName.labelUnder(host, domain).orElse(host);
    }
}

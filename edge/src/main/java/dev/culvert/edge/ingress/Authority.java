package dev.culvert.edge.ingress;

import dev.culvert.names.HostName;
import io.netty.util.NetUtil;
import java.util.Locale;
import java.util.Optional;

/**
 * Whom a request is for: the value of Host, or what stands in an absolute target.
 *
 * @param host a host name in its normal form (IPv4 addresses look like one), or an IPv6 address in brackets
 * @param port as the visitor said it, −1 when it said none
 */
record Authority(String host, int port) {

    /** Reads an authority; empty when it is none, or names a user: nothing that a browser sends does. */
    static Optional<Authority> of(String text) {
        int hostEnd = text.startsWith("[") ? text.indexOf(']') + 1 : text.indexOf(':');
        if (hostEnd < 0) {
            hostEnd = text.length();
        }
        int port = port(text.substring(hostEnd));
        String host = text.substring(0, hostEnd);
        if (port == BAD_PORT) {
            return Optional.empty();
        } else if (host.startsWith("[")) {
            return NetUtil.isValidIpV6Address(host)
                    ? Optional.of(new Authority(host.toLowerCase(Locale.ROOT), port))
                    : Optional.empty();
        }
        return HostName.normalise(host).map(name -> new Authority(name, port));
    }

    /** As Host says it. */
    @Override
    public String toString() {
        return port < 0 ? host : host + ":" + port;
    }

    /** Whether both mean the same when a missing port is the scheme's. */
    boolean isSame(Authority other, int defaultPort) {
        return host.equals(other.host) && portOr(defaultPort) == other.portOr(defaultPort);
    }

    int portOr(int defaultPort) {
        return port < 0 ? defaultPort : port;
    }

    private static final int BAD_PORT = -2;

    private static int port(String text) {
        if (text.isEmpty() || text.equals(":")) {
            return -1; // An empty port is allowed and means none (RFC 3986, 3.2.3).
        }
        if (text.charAt(0) != ':' || text.length() > 6) {
            return BAD_PORT;
        }
        int port = 0;
        for (int at = 1; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c < '0' || c > '9') {
                return BAD_PORT;
            }
            port = port * 10 + (c - '0');
        }
        return port <= 0xFFFF ? port : BAD_PORT;
    }
}

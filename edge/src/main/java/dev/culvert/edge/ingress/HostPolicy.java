package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/**
 * What the target is told about its own name.
 *
 * <p>{@code preserve}: the public one. {@code rewrite}: the target's own, in Host and, where the page that asks is the
 * tunnel's, in Origin; a Location that leads to the target leads to the public name instead. An Origin of another site
 * stays: the target's defence against forged requests depends on it. Anything else is a value for Host alone.
 *
 * @param host what Host says
 * @param publicOrigin scheme and authority as the visitor knows them
 * @param targetOrigin the same as the target knows them; null where nothing is rewritten
 */
record HostPolicy(
        String host, String publicOrigin, @Nullable String targetOrigin) {

    static HostPolicy of(Tunnel.Policy policy, Authority authority, String scheme) {
        String publicOrigin = scheme + "://" + authority;
        String wanted = policy.hostHeader();
        if (wanted.equals("preserve") || wanted.isEmpty() || !isFieldValue(wanted)) {
            return new HostPolicy(authority.toString(), publicOrigin, null);
        } else if (wanted.equals("rewrite") && isFieldValue(policy.target())) {
            String origin = originOf(policy.target());
            return new HostPolicy(origin.substring(origin.indexOf("://") + 3), publicOrigin, origin);
        }
        return new HostPolicy(wanted, publicOrigin, null);
    }

    /** Makes the target's own what in the fields speaks of the tunnel; Host is set already. */
    void applyTo(HttpHeaders request) {
        if (targetOrigin != null && publicOrigin.equalsIgnoreCase(request.get(HttpHeaderNames.ORIGIN))) {
            request.set(HttpHeaderNames.ORIGIN, targetOrigin);
        }
    }

    void mapBack(HttpHeaders response) {
        String origin = targetOrigin;
        if (origin == null) {
            return;
        }
        String location = response.get(HttpHeaderNames.LOCATION);
        if (location != null && leadsTo(location, origin)) {
            response.set(HttpHeaderNames.LOCATION, publicOrigin + location.substring(origin.length()));
        }
    }

    private static boolean leadsTo(String location, String origin) {
        return location.regionMatches(true, 0, origin, 0, origin.length())
                && (location.length() == origin.length() || "/?#".indexOf(location.charAt(origin.length())) >= 0);
    }

    /** The origin of a port, {@code host:port} or URL; a Unix socket has no name, so it is called localhost. */
    private static String originOf(String target) {
        String scheme = target.startsWith("https://") ? "https" : "http";
        int start = target.indexOf("://") < 0 ? 0 : target.indexOf("://") + 3;
        int slash = target.indexOf('/', start);
        String authority = target.substring(start, slash < 0 ? target.length() : slash);
        if (target.startsWith("unix:") || authority.isEmpty()) {
            return "http://localhost";
        } else if (authority.chars().allMatch(Character::isDigit)) {
            authority = "127.0.0.1:" + authority;
        }
        String defaultPort = scheme.equals("https") ? ":443" : ":80";
        return scheme + "://"
                + (authority.endsWith(defaultPort)
                        ? authority.substring(0, authority.length() - defaultPort.length())
                        : authority);
    }

    /** What an agent says goes into heads that we write: no end of line may be in it. */
    private static boolean isFieldValue(String text) {
        return text.chars().allMatch(c -> c > ' ' && c < 0x7F);
    }
}

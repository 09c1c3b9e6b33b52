package dev.culvert.agent.dial;

import dev.culvert.agent.target.HostPort;
import dev.culvert.config.Secret;
import io.vertx.core.net.ProxyOptions;
import io.vertx.core.net.ProxyType;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP proxy that connects to where it is told ({@code CONNECT}).
 *
 * @param source the variable that names it, for words
 * @param user for Basic authentication; null where it asks for none
 */
public record WebProxy(
        String source,
        HostPort hostPort,
        @Nullable String user,
        @Nullable Secret password) {

    /** How long it may take to reach the edge: as long as an edge may take, and once more to reach the proxy. */
    static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** Reads {@code [http://][user:password@]host[:port]}; the exception's message is for people, without the secret. */
    static WebProxy parse(String source, String text) {
        int schemeEnd = text.indexOf("://");
        String scheme = schemeEnd < 0 ? "http" : text.substring(0, schemeEnd);
        String rest = schemeEnd < 0 ? text : text.substring(schemeEnd + 3);
        rest = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
        int at = rest.lastIndexOf('@');
        try {
            if (!scheme.equalsIgnoreCase("http")) {
                throw new IllegalArgumentException("%s:// is not supported".formatted(scheme));
            }
            HostPort hostPort = HostPort.parse(rest.substring(at + 1), 80);
            if (at < 0) {
                return new WebProxy(source, hostPort, null, null);
            }
            String credentials = rest.substring(0, at);
            int colon = credentials.indexOf(':');
            String user = decoded(colon < 0 ? credentials : credentials.substring(0, colon));
            String password = colon < 0 ? "" : decoded(credentials.substring(colon + 1));
            return new WebProxy(source, hostPort, user, password.isBlank() ? null : Secret.of(password));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the variable %s is not a proxy (%s): write http://host:port or http://user:password@host:port"
                            .formatted(source, e.getMessage()),
                    e);
        }
    }

    ProxyOptions options() {
        ProxyOptions options = new ProxyOptions()
                .setType(ProxyType.HTTP)
                .setHost(hostPort.host())
                .setPort(hostPort.port())
                .setConnectTimeout(TIMEOUT);
        return user == null
                ? options
                : options.setUsername(user).setPassword(password == null ? "" : password.reveal());
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Without the credentials. */
    @Override
    public String toString() {
        return hostPort.toString();
    }
}

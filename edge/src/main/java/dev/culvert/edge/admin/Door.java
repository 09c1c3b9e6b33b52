package dev.culvert.edge.admin;

import dev.culvert.config.Secret;
import dev.culvert.page.Page;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the admin API. On loopback everyone on this machine, but no web page: a page of another site can send
 * requests from a browser here, and by DNS rebinding read their answers, so Host must be a loopback name and Origin,
 * where there is one, the same; and what a browser says another page asks for is refused. Beyond loopback, and wherever a
 * token is set, who knows the token, which no other page can send.
 */
public final class Door {
    private static final String SCHEME = "Bearer ";

    private final @Nullable Secret token;
    private final boolean loopback;

    /**
     * A door.
     *
     * @param loopback whether it can only be reached from this machine
     * @param token what to ask for; needed where {@code loopback} is false
     */
    public Door(boolean loopback, @Nullable Secret token) {
        if (!loopback && token == null) {
            throw new IllegalArgumentException("an admin port beyond loopback needs a token");
        }
        this.loopback = loopback;
        this.token = token;
    }

    /**
     * Why the request is refused; empty when it is not.
     *
     * @param forPage whether it is for the dashboard's own files, which need no token: a browser cannot send one before
     *     it has the page; and to which links may lead
     */
    Optional<Refusal> refusal(HttpServerRequest request, boolean forPage) {
        HostAndPort host = request.authority();
        if (loopback && (host == null || !isLoopbackName(host.host()))) {
            return Optional.of(new Refusal(
                    403, "host_not_allowed", "the admin port answers to localhost, 127.0.0.1 and [::1] only"));
        }
        if (loopback && Page.isAskedByAnother(request.headers(), host, forPage)) {
            return Optional.of(
                    new Refusal(403, "origin_not_allowed", "pages of other sites may not use the admin port"));
        }
        if (token != null && !forPage && !shows(request.getHeader(HttpHeaders.AUTHORIZATION), token)) {
            return Optional.of(new Refusal(
                    401, "token_needed", "send the token of --admin-token-file as `Authorization: Bearer TOKEN`"));
        }
        return Optional.empty();
    }

    /** In constant time. */
    private static boolean shows(@Nullable String authorization, Secret token) {
        if (authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        String shown = authorization.substring(SCHEME.length()).strip();
        return !shown.isEmpty() && token.equals(Secret.of(shown));
    }

    private static boolean isLoopbackName(String host) {
        return host.equalsIgnoreCase("localhost")
                || host.matches("127(\\.\\d{1,3}){3}")
                || host.equals("[::1]")
                || host.equals("::1");
    }

    /** The answer to who may not. */
    record Refusal(int status, String code, String message) {}
}

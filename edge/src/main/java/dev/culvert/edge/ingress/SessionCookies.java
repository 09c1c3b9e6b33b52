package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.cookie.CookieHeaderNames;
import io.netty.handler.codec.http.cookie.DefaultCookie;
import io.netty.handler.codec.http.cookie.ServerCookieEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The cookies of visitors who sign in, at the hosts of tunnels (RFC 6265). By TLS their names have the prefix by which
 * browsers see to it that no other host has set them: tunnels of others are neighbours under the same domain.
 */
public final class SessionCookies {
    /** Who has signed in. */
    public static final String SESSION = "culvert-session";

    /** A random text by which a browser is known again when the provider sends it back. */
    public static final String BROWSER = "culvert-browser";

    private static final String HOST_PREFIX = "__Host-";

    /** All of ours have it in their names. */
    private static final String OURS = "culvert-";

    /** Values under one name that are looked at: others can add to ours without TLS, and each costs time. */
    private static final int MOST_VALUES = 4;

    private SessionCookies() {}

    /** The text that sets a cookie for this long; its value must be letters, digits and hyphens, underscores or dots. */
    public static String set(String name, String value, boolean secure, Duration age) {
        DefaultCookie cookie = new DefaultCookie(nameOf(name, secure), value);
        cookie.setPath("/");
        cookie.setHttpOnly(true);
        cookie.setSecure(secure);
        cookie.setSameSite(CookieHeaderNames.SameSite.Lax); // The provider's page leads back here.
        cookie.setMaxAge(age.toSeconds());
        return ServerCookieEncoder.STRICT.encode(cookie);
    }

    /** The values that the visitor has sent under this name, the first few: more than one where somebody else has set some. */
    public static List<String> values(HttpHeaders headers, String name, boolean secure) {
        String start = nameOf(name, secure) + "=";
        List<String> values = new ArrayList<>();
        for (String field : headers.getAll(HttpHeaderNames.COOKIE)) {
            for (String cookie : field.split(";")) {
                if (cookie.strip().startsWith(start) && values.size() < MOST_VALUES) {
                    values.add(cookie.strip().substring(start.length()));
                }
            }
        }
        return values;
    }

    /**
     * Takes ours out of what a target is to see, of any tunnel: it may have asked for a sign-in a moment ago, and who gets a
     * session can go on with it.
     */
    static void hide(HttpHeaders headers) {
        if (!headers.contains(HttpHeaderNames.COOKIE)) {
            return; // As most programs' requests.
        }
        List<String> before = headers.getAll(HttpHeaderNames.COOKIE);
        if (before.stream().noneMatch(field -> field.contains(OURS))) {
            return;
        }
        List<String> left = before.stream()
                .map(field -> Arrays.stream(field.split(";"))
                        .map(String::strip)
                        .filter(cookie -> !isOurs(cookie))
                        .collect(Collectors.joining("; ")))
                .filter(field -> !field.isEmpty())
                .toList();
        headers.remove(HttpHeaderNames.COOKIE);
        if (!left.isEmpty()) {
            headers.set(HttpHeaderNames.COOKIE, String.join("; ", left)); // One field (RFC 6265, 5.4).
        }
    }

    private static boolean isOurs(String cookie) {
        String name = cookie.startsWith(HOST_PREFIX) ? cookie.substring(HOST_PREFIX.length()) : cookie;
        return name.startsWith(SESSION + "=") || name.startsWith(BROWSER + "=");
    }

    private static String nameOf(String name, boolean secure) {
        return secure ? HOST_PREFIX + name : name;
    }
}

package dev.culvert.edge.signin;

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
 * Our cookies at the hosts of tunnels (RFC 6265). By TLS their names have the prefix by which browsers see to it that no
 * other host has set them: tunnels of others are neighbours under the same domain.
 */
final class Cookies {
    /** Who has signed in. */
    static final String SESSION = "culvert-session";

    /** A random text by which a browser is known again when the provider sends it back. */
    static final String BROWSER = "culvert-browser";

    private static final String HOST_PREFIX = "__Host-";

    private Cookies() {}

    /** A cookie that lasts as long as this, or, without, until the browser ends. */
    static String set(String name, String value, boolean secure, Duration age) {
        DefaultCookie cookie = new DefaultCookie(nameOf(name, secure), value);
        cookie.setPath("/");
        cookie.setHttpOnly(true);
        cookie.setSecure(secure);
        cookie.setSameSite(CookieHeaderNames.SameSite.Lax); // The provider's page leads back here.
        cookie.setMaxAge(age.toSeconds());
        return ServerCookieEncoder.STRICT.encode(cookie);
    }

    /** The values that the visitor has sent under this name: more than one where somebody else has set some. */
    static List<String> values(HttpHeaders headers, String name, boolean secure) {
        String start = nameOf(name, secure) + "=";
        List<String> values = new ArrayList<>();
        for (String field : headers.getAll(HttpHeaderNames.COOKIE)) {
            for (String cookie : field.split(";")) {
                if (cookie.strip().startsWith(start)) {
                    values.add(cookie.strip().substring(start.length()));
                }
            }
        }
        return values;
    }

    /** Takes ours out. */
    static void hide(HttpHeaders headers) {
        List<String> before = headers.getAll(HttpHeaderNames.COOKIE);
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

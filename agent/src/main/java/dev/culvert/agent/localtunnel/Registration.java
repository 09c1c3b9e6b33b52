package dev.culvert.agent.localtunnel;

import dev.culvert.agent.target.HostPort;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel as the server gave it.
 *
 * @param id its name
 * @param url where visitors find it
 * @param cachedUrl where visitors find copies of what it served, on servers that keep some
 * @param sockets where its sockets go
 * @param count how many of them to keep
 */
record Registration(String id, String url, @Nullable String cachedUrl, HostPort sockets, int count) {
    /** What servers leave room for that do not say it. */
    private static final int DEFAULT_COUNT = 10;

    /** More sockets than this are not opened, whatever the server asks for. */
    static final int MOST_COUNT = 100;

    private static final int MOST_URL_CHARS = 2048;

    /**
     * Reads {@code {"id", "port", "max_conn_count", "url", "ip", "cached_url"}}, of which the last two and the number may
     * be left out. What else is there is ignored; a URL may lack its scheme, as old servers of bleenco's have it.
     *
     * @param serverHost where the sockets go when the answer does not say it
     * @throws IllegalArgumentException when it is something else
     */
    static Registration of(JsonObject answer, String serverHost) {
        String id = text(answer, "id");
        // It goes into the path of the next registration.
        if (id == null || !id.matches("[A-Za-z0-9._-]{1,253}")) {
            throw new IllegalArgumentException("it gives no id");
        }
        String url = url(answer, "url");
        if (url == null) {
            throw new IllegalArgumentException("it gives no url");
        }
        // What is larger is a Long or more, and would become another port.
        if (!(answer.getValue("port") instanceof Integer port)) {
            throw new IllegalArgumentException("it gives no port");
        }
        String ip = text(answer, "ip");
        double count =
                answer.getValue("max_conn_count") instanceof Number number ? number.doubleValue() : DEFAULT_COUNT;
        return new Registration(
                id, url, url(answer, "cached_url"), new HostPort(ip == null ? serverHost : ip, port), (int)
                        Math.max(1, Math.min(count, MOST_COUNT)));
    }

    private static @Nullable String url(JsonObject answer, String field) {
        String text = text(answer, field);
        String url = text == null || text.contains("://") ? text : "http://" + text;
        if (url != null && (url.length() > MOST_URL_CHARS || !isWeb(URI.create(url)))) {
            throw new IllegalArgumentException("its %s is no URL".formatted(field));
        }
        return url;
    }

    private static boolean isWeb(URI url) {
        return url.getHost() != null
                && ("http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme()));
    }

    private static @Nullable String text(JsonObject answer, String field) {
        return answer.getValue(field) instanceof String text && !text.isEmpty() ? text : null;
    }
}

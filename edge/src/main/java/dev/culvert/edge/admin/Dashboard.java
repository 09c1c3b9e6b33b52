package dev.culvert.edge.admin;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** The dashboard's files. They come with the jar and from nowhere else; what they show they ask of the API. */
final class Dashboard {
    /** Nothing is loaded from elsewhere, sent elsewhere, run from inside the page, or shown inside another page. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** By path. */
    static final Map<String, File> FILES = Map.of(
            "/", File.read("dashboard.html", "text/html; charset=utf-8"),
            "/dashboard.css", File.read("dashboard.css", "text/css; charset=utf-8"),
            "/dashboard.js", File.read("dashboard.js", "text/javascript; charset=utf-8"),
            "/icon.svg", File.read("icon.svg", "image/svg+xml"));

    private Dashboard() {}

    /** A file as it is sent. */
    record File(String type, Buffer bytes) {
        private static File read(String name, String type) {
            try (InputStream in = Dashboard.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("the file %s is missing from the jar".formatted(name));
                }
                return new File(type, Buffer.buffer(in.readAllBytes()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void send(RoutingContext context) {
            context.response().putHeader("Content-Security-Policy", POLICY).putHeader("Referrer-Policy", "no-referrer");
            AdminVerticle.end(context, 200, type, bytes);
        }
    }
}

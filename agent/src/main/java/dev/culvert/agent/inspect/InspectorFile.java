package dev.culvert.agent.inspect;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** A file of the inspector's page. All come with the jar and from nowhere else; what they show they ask of the API. */
record InspectorFile(String type, Buffer bytes) {
    /**
     * Nothing is loaded from elsewhere, sent elsewhere, run from inside the page, or shown inside another page; pictures
     * that were recorded are shown.
     */
    static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** By path. */
    static final Map<String, InspectorFile> FILES = Map.of(
            "/", read("inspector.html", "text/html; charset=utf-8"),
            "/inspector.css", read("inspector.css", "text/css; charset=utf-8"),
            "/inspector.js", read("inspector.js", "text/javascript; charset=utf-8"),
            "/icon.svg", read("icon.svg", "image/svg+xml"));

    private static InspectorFile read(String name, String type) {
        try (InputStream in = InspectorFile.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the file %s is missing from the jar".formatted(name));
            }
            return new InspectorFile(type, Buffer.buffer(in.readAllBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

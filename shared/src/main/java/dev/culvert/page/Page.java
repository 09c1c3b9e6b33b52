package dev.culvert.page;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.HostAndPort;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A page that a program shows. Its files come with the jar and from nowhere else; what they show they ask of an API.
 *
 * @param files by path
 * @param headers what each file is sent with: nothing is loaded from elsewhere, sent elsewhere, run from inside the page,
 *     or shown inside another page
 */
public record Page(Map<String, File> files, Map<String, String> headers) {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src %s; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Page {
        files = Map.copyOf(files);
        headers = Map.copyOf(headers);
    }

    /**
     * A file as it is sent.
     *
     * @param type its media type
     */
    public record File(String type, Buffer bytes) {
        private static File read(Class<?> beside, String name, String type) {
            try (InputStream in = beside.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("the file %s is missing from the jar".formatted(name));
                }
                return new File(type, Buffer.buffer(in.readAllBytes()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * The page of three files: {@code name.html}, which is {@code /}, its style and its script. Beside them it finds
     * {@code /page.js}, to stand before its script, and {@code /icon.svg}.
     *
     * @param beside a class of the package that has them
     * @param pictures where pictures may come from, in the words of a Content-Security-Policy
     */
    public static Page of(Class<?> beside, String name, String pictures) {
        Map<String, File> files = Map.of(
                "/",
                File.read(beside, name + ".html", "text/html; charset=utf-8"),
                "/" + name + ".css",
                File.read(beside, name + ".css", "text/css; charset=utf-8"),
                "/" + name + ".js",
                File.read(beside, name + ".js", "text/javascript; charset=utf-8"),
                "/page.js",
                File.read(Page.class, "page.js", "text/javascript; charset=utf-8"),
                "/icon.svg",
                File.read(Page.class, "icon.svg", "image/svg+xml"));
        return new Page(
                files, Map.of("Content-Security-Policy", POLICY.formatted(pictures), "Referrer-Policy", "no-referrer"));
    }

    /**
     * Whether a page of another origin asks, by its Origin, and by what browsers say of it (W3C, Fetch Metadata Request
     * Headers): of a picture's address, too, with which they send no Origin. Programs, and people who type an address, are
     * nobody's page.
     *
     * @param authority whom the request is for; its pages are the ones that may ask, by http
     * @param forPage whether it is for a file of the page itself, to which links may lead
     */
    public static boolean isAskedByAnother(MultiMap headers, @Nullable HostAndPort authority, boolean forPage) {
        String origin = headers.get("Origin");
        String site = headers.get("Sec-Fetch-Site");
        return (origin != null && !origin.equalsIgnoreCase("http://" + authority))
                || (!forPage && site != null && !site.equals("same-origin") && !site.equals("none"));
    }
}

package dev.culvert.edge.ingress;

import dev.culvert.page.Html;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the edge says in its own name, as HTML for visitors who ask for it by name, as JSON for those who ask for that,
 * and as text for everybody else (curl accepts anything, and means text).
 */
final class Pages {
    static final String ERROR_HEADER = "culvert-error";

    /** Self-contained: a page about a broken connection cannot ask for more. */
    private static final String HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>%1$s</title>
            <style>
            body { font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1.5rem;
                   color: light-dark(#1d2430, #e4e8ee); background: light-dark(#fafbfc, #14181f) }
            h1 { font-size: 1.4rem; margin: 0 0 .5rem } p { margin: .5rem 0; overflow-wrap: anywhere }
            small { color: light-dark(#66707f, #8b95a4) }
            </style>
            </head>
            <body>
            <h1>%1$s</h1>
            <p>%2$s</p>
            %4$s<p><small>%3$s</small></p>
            </body>
            </html>
            """;

    private Pages() {}

    /** The answer for a visitor that accepts this. Without a body's length it would not be whole: it has one. */
    static FullHttpResponse of(Reply reply, @Nullable String accept, ByteBufAllocator allocator) {
        FullHttpResponse response =
                page(reply.status(), reply.title(), reply.text(), reply.link(), reply.code(), accept, allocator);
        HttpHeaders headers = response.headers();
        headers.set(ERROR_HEADER, reply.code());
        if (reply.link() != null && reply.status().codeClass() == HttpStatusClass.REDIRECTION) {
            headers.set(HttpHeaderNames.LOCATION, reply.link());
        }
        if (reply.status().equals(HttpResponseStatus.UPGRADE_REQUIRED)) {
            headers.set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
        }
        if (reply.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
            headers.set(HttpHeaderNames.WWW_AUTHENTICATE, "Basic realm=\"Culvert\", charset=\"UTF-8\"");
        }
        if (reply.retryAfterSeconds() > 0) {
            headers.set(HttpHeaderNames.RETRY_AFTER, reply.retryAfterSeconds());
        }
        return response;
    }

    /** The page of the edge's own host. */
    static FullHttpResponse welcome(String domain, @Nullable String accept, ByteBufAllocator allocator) {
        return page(
                HttpResponseStatus.OK,
                "This is a Culvert edge",
                "It gives servers on laptops public names, each one label under %s. To start a tunnel: culvert http 3000"
                        .formatted(domain),
                null,
                "ok",
                accept,
                allocator);
    }

    /** What others say at the edge's own host. */
    static FullHttpResponse of(OwnPages.Answer answer, ByteBufAllocator allocator) {
        return whole(
                answer.status(),
                "application/json; charset=utf-8",
                answer.body().encode(),
                allocator);
    }

    /** A text as it is. */
    static FullHttpResponse plain(String text, ByteBufAllocator allocator) {
        return whole(HttpResponseStatus.OK, "text/plain; charset=utf-8", text, allocator);
    }

    private static FullHttpResponse page(
            HttpResponseStatus status,
            String title,
            String text,
            @Nullable String link,
            String code,
            @Nullable String accept,
            ByteBufAllocator allocator) {
        String type;
        String body;
        if (accepts(accept, "text/html")) {
            type = "text/html; charset=utf-8";
            String small = status.code() == 200 ? "Culvert" : status.code() + " · " + code + " · Culvert";
            String shown = link == null ? "" : "<p><a href=\"%1$s\">%1$s</a></p>\n".formatted(Html.escaped(link));
            body = HTML.formatted(Html.escaped(title), Html.escaped(text), Html.escaped(small), shown);
        } else if (accepts(accept, "application/json")) {
            type = "application/json";
            JsonObject json = new JsonObject()
                    .put("status", status.code())
                    .put("code", code)
                    .put("title", title)
                    .put("message", text);
            body = (link == null ? json : json.put("link", link)).encode() + "\n";
        } else {
            type = "text/plain; charset=utf-8";
            body = title + ". " + text + (link == null ? "" : " " + link) + "\n";
        }
        FullHttpResponse response = whole(status, type, body, allocator);
        response.headers().set(HttpHeaderNames.VARY, "accept");
        return response;
    }

    private static FullHttpResponse whole(
            HttpResponseStatus status, String type, String body, ByteBufAllocator allocator) {
        ByteBuf bytes = ByteBufUtil.writeUtf8(allocator, body);
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, bytes);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.CONTENT_LENGTH, bytes.readableBytes())
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        DateField.complete(response.headers());
        return response;
    }

    private static boolean accepts(@Nullable String accept, String type) {
        return accept != null && accept.toLowerCase(Locale.ROOT).contains(type);
    }
}

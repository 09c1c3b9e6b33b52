package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What could be read of a head that is refused, to be written down.
 *
 * @param host whom it is for; null where it names no host, several, or what is none
 * @param request what it asks for
 * @param forwardedFor whom proxies name; nobody where the head was not read to its end, because the last one counts, and
 *     those before it may be forged
 */
record RefusedHead(@Nullable String host, AccessLog.Request request, List<? extends CharSequence> forwardedFor) {

    private static final RefusedHead UNREAD = new RefusedHead(null, new AccessLog.Request(null, null, null), List.of());

    /** Of a head as the decoder left it; null for one that did not come to its end. */
    static RefusedHead of(@Nullable HttpRequest message) {
        if (message == null || message instanceof FullHttpRequest) {
            return UNREAD; // A full one is what Netty makes up where the first line makes no sense.
        }
        HttpHeaders headers = message.headers();
        boolean whole = message.decoderResult().isSuccess();
        return new RefusedHead(
                host(headers.getAll(HttpHeaderNames.HOST)),
                new AccessLog.Request(message.method().name(), message.uri(), headers.get(HttpHeaderNames.USER_AGENT)),
                whole ? headers.getAll(TargetRequest.FORWARDED_FOR) : List.of());
    }

    /** Of a head of HTTP/2; null for one that was too large to be read. */
    static RefusedHead of(@Nullable Http2Headers headers) {
        if (headers == null) {
            return UNREAD;
        }
        CharSequence authority = headers.authority();
        return new RefusedHead(
                host(authority == null ? headers.getAll(HttpHeaderNames.HOST) : List.of(authority)),
                new AccessLog.Request(
                        text(headers.method()), text(headers.path()), text(headers.get(HttpHeaderNames.USER_AGENT))),
                headers.getAll(TargetRequest.FORWARDED_FOR));
    }

    private static @Nullable String host(List<? extends CharSequence> authorities) {
        return authorities.size() == 1
                ? Authority.of(authorities.get(0).toString())
                        .map(Authority::host)
                        .orElse(null)
                : null;
    }

    private static @Nullable String text(@Nullable CharSequence value) {
        return value == null ? null : value.toString();
    }
}

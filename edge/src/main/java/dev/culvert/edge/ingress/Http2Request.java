package dev.culvert.edge.ingress;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads heads of HTTP/2 as what they would have been in HTTP/1.1, so that one set of rules is for both: {@link
 * RequestHead} checks what comes out. Here is checked what would not survive the translation; fields of one connection,
 * capitals in names, pseudo-fields in the wrong place and a body unlike its Content-Length have been refused by Netty.
 */
final class Http2Request {
    /** They usually have a body, so a target wants to hear that there is none (RFC 9110, 8.6). */
    private static final Set<HttpMethod> WITH_BODY = Set.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH);

    /** What frames a body is no trailer (RFC 9110, 6.5.1). */
    private static final Set<String> NO_TRAILERS = Set.of("content-length", "transfer-encoding", "trailer");

    private Http2Request() {}

    /**
     * The request's head; throws {@link RefusedException} with the answer to one that makes no sense.
     *
     * @param whole whether no body follows
     * @param room for its fields
     */
    static HttpRequest of(Http2Headers headers, boolean whole, FieldRoom room) {
        CharSequence method = required(headers.method(), ":method");
        if (HttpMethod.CONNECT.asciiName().contentEqualsIgnoreCase(method)
                || headers.contains(PseudoHeaderName.PROTOCOL.value())) {
            throw malformed("CONNECT is for proxies; this is none. WebSockets come by HTTP/1.1.");
        }
        CharSequence scheme = required(headers.scheme(), ":scheme");
        if (!AsciiString.contentEqualsIgnoreCase(scheme, "http")
                && !AsciiString.contentEqualsIgnoreCase(scheme, "https")) {
            throw malformed("The :scheme must be http or https.");
        }
        String path = required(headers.path(), ":path").toString();
        if (path.length() > RequestDecoder.MAX_LINE_BYTES) {
            throw new RefusedException(Reply.lineTooLong());
        } else if (!path.startsWith("/") && !path.equals("*")) {
            throw malformed("The :path must begin with a slash.");
        }
        try {
            HttpRequest request =
                    new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method.toString()), path);
            room.begin(true);
            room.take(path.length());
            CharSequence authority = authority(headers, scheme);
            room.take(HttpHeaderNames.HOST, authority);
            request.headers().set(HttpHeaderNames.HOST, authority);
            copyFields(headers, request.headers(), room);
            frame(request, whole);
            return request;
        } catch (DecoderException e) { // The room's.
            throw new RefusedException(RequestHead.replyTo(e));
        } catch (IllegalArgumentException e) { // From Netty's own checks of names, values and the method.
            throw malformed("The head has characters where HTTP allows none.");
        }
    }

    /** The end of a body with trailers; fails as {@link #of} does. */
    static LastHttpContent end(Http2Headers trailers, FieldRoom room) {
        LastHttpContent end = new DefaultLastHttpContent();
        int size = 0;
        room.begin(false);
        try {
            for (Map.Entry<CharSequence, CharSequence> field : trailers) {
                size += sizeOf(field);
                requireSize(size);
                if (!NO_TRAILERS.contains(field.getKey().toString())) {
                    room.take(field.getKey(), field.getValue());
                    end.trailingHeaders().add(field.getKey(), value(field.getValue()));
                }
            }
            return end;
        } catch (DecoderException e) { // The room's.
            throw new RefusedException(RequestHead.replyTo(e));
        }
    }

    /** Whom it is for: what {@code :authority} says, and Host, where both are there, does not contradict. */
    private static CharSequence authority(Http2Headers headers, CharSequence scheme) {
        CharSequence authority = headers.authority();
        List<CharSequence> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1) {
            throw malformed("There must be one host, not %d.".formatted(hosts.size()));
        } else if (hosts.isEmpty()) {
            return required(authority, ":authority");
        } else if (authority == null) {
            return hosts.get(0);
        }
        int defaultPort = scheme.length() == "https".length() ? 443 : 80;
        boolean same = AsciiString.contentEquals(authority, hosts.get(0))
                || Authority.of(authority.toString())
                        .flatMap(one ->
                                Authority.of(hosts.get(0).toString()).filter(other -> one.isSame(other, defaultPort)))
                        .isPresent();
        if (!same) {
            throw malformed("The :authority names another host than host does.");
        }
        return authority;
    }

    private static void copyFields(Http2Headers from, HttpHeaders to, FieldRoom room) {
        StringBuilder cookies = null;
        int size = 0;
        for (Map.Entry<CharSequence, CharSequence> field : from) {
            CharSequence name = field.getKey();
            size += sizeOf(field);
            requireSize(size);
            if (name.charAt(0) == ':' || HttpHeaderNames.HOST.contentEquals(name)) {
                continue;
            }
            CharSequence value = value(field.getValue());
            if (HttpHeaderNames.COOKIE.contentEquals(name)) {
                // One field in HTTP/1.1, however many it came in (RFC 9113, 8.2.3).
                cookies = cookies == null ? new StringBuilder() : cookies.append("; ");
                cookies.append(value);
            } else {
                room.take(name, value);
                to.add(name, value);
            }
        }
        if (cookies != null) {
            room.take(HttpHeaderNames.COOKIE, cookies);
            to.set(HttpHeaderNames.COOKIE, cookies.toString());
        }
    }

    /** As RFC 9113, 6.5.2 counts it. */
    private static int sizeOf(Map.Entry<CharSequence, CharSequence> field) {
        return field.getKey().length() + field.getValue().length() + 32;
    }

    private static void requireSize(int size) {
        if (size > Http2Limits.HEAD_BYTES) {
            throw new RefusedException(Reply.headTooLarge());
        }
    }

    /** HTTP/2 ends a body by itself; HTTP/1.1 needs to be told how it will. */
    private static void frame(HttpRequest request, boolean whole) {
        HttpHeaders headers = request.headers();
        boolean measured = headers.contains(HttpHeaderNames.CONTENT_LENGTH);
        if (!whole && !measured) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        } else if (whole && !measured && WITH_BODY.contains(request.method())) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
        }
    }

    /** White space around a value is nobody's: whoever reads it as part of the value, or not, may be fooled. */
    private static CharSequence value(CharSequence value) {
        int length = value.length();
        if (length > 0 && (isBlank(value.charAt(0)) || isBlank(value.charAt(length - 1)))) {
            throw malformed("A field's value must not begin or end with white space.");
        }
        return value;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static CharSequence required(@Nullable CharSequence value, String name) {
        if (value == null || value.length() == 0) {
            throw malformed("There must be a " + name + ".");
        }
        return value;
    }

    private static RefusedException malformed(String found) {
        return new RefusedException(Reply.malformed(found));
    }
}

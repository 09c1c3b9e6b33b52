package dev.culvert.edge.ingress;

import dev.culvert.wire.CloseReason;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request that passed every check.
 *
 * @param message as it came
 * @param authority whom it is for
 * @param target path and query, or {@code *}
 * @param upgrade the protocols it asks to change to, as Upgrade says them; null when it asks for none that may pass
 */
record RequestHead(
        HttpRequest message,
        Authority authority,
        String target,
        @Nullable String upgrade) {

    /** Checks a head; throws {@link RefusedException} with the answer to one that fails. */
    static RequestHead of(HttpRequest message) {
        requireDecoded(message.decoderResult());
        HttpHeaders headers = message.headers();
        boolean http10 = isHttp10(message);
        if (!http10 && !message.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            throw malformed("The version of HTTP must be 1.1 or 1.0.");
        }
        if (message.method().equals(HttpMethod.CONNECT)) {
            throw malformed("CONNECT is for proxies; this is none.");
        }
        requireSoundFraming(headers);
        String target = message.uri();
        boolean absolute = !target.startsWith("/") && !target.equals("*");
        Authority host = host(headers, http10);
        Authority authority = absolute ? authorityOf(target) : host;
        if (authority == null) {
            throw new RefusedException(Reply.notServed("a request without a Host"));
        }
        if (absolute
                && host != null
                && !host.isSame(authority, target.regionMatches(true, 0, "https:", 0, 6) ? 443 : 80)) {
            throw malformed("The address names another host than Host does.");
        }
        if (target.equals("*") && !message.method().equals(HttpMethod.OPTIONS)) {
            throw malformed("Only OPTIONS may ask for *.");
        }
        return new RequestHead(
                message,
                authority,
                escaped(absolute ? pathOf(message.method(), target) : target),
                http10 ? null : upgrade(headers));
    }

    HttpMethod method() {
        return message.method();
    }

    HttpHeaders headers() {
        return message.headers();
    }

    boolean isHttp10() {
        return isHttp10(message);
    }

    boolean hasBody() {
        return hasBody(message);
    }

    /** Whether the visitor waits with its body for a 100. */
    boolean expectsContinue() {
        return !isHttp10() && headers().containsValue(HttpHeaderNames.EXPECT, "100-continue", true);
    }

    /** Whether anything follows the head. */
    static boolean hasBody(HttpRequest message) {
        String length = message.headers().get(HttpHeaderNames.CONTENT_LENGTH);
        return message.headers().contains(HttpHeaderNames.TRANSFER_ENCODING) || (length != null && !length.equals("0"));
    }

    static boolean isHttp10(HttpRequest message) {
        return message.protocolVersion().equals(HttpVersion.HTTP_1_0);
    }

    private static void requireDecoded(DecoderResult result) {
        if (!result.isSuccess()) {
            throw new RefusedException(replyTo(result.cause()));
        }
    }

    /** What to answer a head that could not be read, for this reason. */
    static Reply replyTo(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return Reply.lineTooLong();
        } else if (cause instanceof TooLongHttpHeaderException) {
            return Reply.headTooLarge();
        } else if (cause instanceof FieldRoom.NoRoomException) {
            return Reply.of(CloseReason.OVERLOADED, "");
        }
        return Reply.malformed("The request is not HTTP as RFC 9112 has it.");
    }

    /** The decoder has refused what it can tell; these it would take for something harmless. */
    private static void requireSoundFraming(HttpHeaders headers) {
        List<String> encodings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!encodings.isEmpty()
                && (encodings.size() > 1
                        || !encodings.get(0).equalsIgnoreCase("chunked")
                        || headers.contains(HttpHeaderNames.CONTENT_LENGTH))) {
            throw malformed("Transfer-Encoding must be chunked and stand alone.");
        }
        // Netty reads eight bytes of body behind a request with both, whether they are meant as one or not.
        if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY1)
                && headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY2)) {
            throw malformed("This draft of WebSocket was never a standard.");
        }
    }

    private static @Nullable Authority host(HttpHeaders headers, boolean http10) {
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1) {
            throw malformed("There must be one Host, not %d.".formatted(hosts.size()));
        } else if (hosts.isEmpty()) {
            if (http10) {
                return null;
            }
            throw malformed("There must be a Host.");
        }
        return Authority.of(hosts.get(0)).orElseThrow(() -> malformed("Host must be a host name, with a port or not."));
    }

    private static Authority authorityOf(String absolute) {
        int start = authorityStart(absolute);
        return Authority.of(absolute.substring(start, authorityEnd(absolute, start)))
                .orElseThrow(() -> malformed("The address must name a host, with a port or not."));
    }

    private static String pathOf(HttpMethod method, String absolute) {
        String path = absolute.substring(authorityEnd(absolute, authorityStart(absolute)));
        if (path.isEmpty() && method.equals(HttpMethod.OPTIONS)) {
            return "*"; // RFC 9112, 3.2.4.
        }
        return path.startsWith("/") ? path : "/" + path;
    }

    private static int authorityStart(String absolute) {
        for (String scheme : List.of("http://", "https://")) {
            if (absolute.regionMatches(true, 0, scheme, 0, scheme.length())) {
                return scheme.length();
            }
        }
        throw malformed("The address must be a path, or begin with http: or https:.");
    }

    private static int authorityEnd(String absolute, int start) {
        for (int at = start; at < absolute.length(); at++) {
            char c = absolute.charAt(at);
            if (c == '/' || c == '?' || c == '#') {
                return at;
            }
        }
        return absolute.length();
    }

    /** Bytes beyond ASCII as RFC 3986 has them; the encoder would write them as something else. */
    private static String escaped(String target) {
        StringBuilder escaped = null;
        for (int at = 0; at < target.length(); at++) {
            char c = target.charAt(at);
            if (c <= ' ' || c == 0x7F) {
                throw malformed("The address must not have control characters.");
            }
            if (c > 0x7F && escaped == null) {
                escaped = new StringBuilder(target.length() + 32).append(target, 0, at);
            }
            if (escaped != null) {
                if (c > 0x7F) {
                    escaped.append('%').append(Integer.toHexString(c).toUpperCase(Locale.ROOT));
                } else {
                    escaped.append(c);
                }
            }
        }
        return escaped == null ? target : escaped.toString();
    }

    /** HTTP/2 is not asked of targets: h2c would let a visitor past every rule here. */
    private static @Nullable String upgrade(HttpHeaders headers) {
        Set<String> connection = HeaderRules.tokens(headers, HttpHeaderNames.CONNECTION);
        if (!connection.contains("upgrade")) {
            return null;
        }
        String protocols = headers.getAll(HttpHeaderNames.UPGRADE).stream()
                .flatMap(value -> List.of(value.split(",")).stream())
                .map(String::trim)
                .filter(protocol -> !protocol.isEmpty()
                        && !protocol.toLowerCase(Locale.ROOT).startsWith("h2c")
                        && !protocol.toLowerCase(Locale.ROOT).startsWith("http/"))
                .collect(Collectors.joining(", "));
        return Optional.of(protocols).filter(some -> !some.isEmpty()).orElse(null);
    }

    /** Whether these fields of an answer choose among the protocols that this asks to change to (RFC 9110, 7.8). */
    boolean asksFor(HttpHeaders answer) {
        Set<String> chosen = HeaderRules.tokens(answer, HttpHeaderNames.UPGRADE);
        Set<String> asked = upgrade == null ? Set.of() : HeaderRules.tokens(List.of(upgrade));
        return !chosen.isEmpty() && asked.containsAll(chosen);
    }

    private static RefusedException malformed(String found) {
        return new RefusedException(Reply.malformed(found));
    }
}

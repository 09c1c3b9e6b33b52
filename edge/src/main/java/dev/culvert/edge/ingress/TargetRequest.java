package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpScheme;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;

/** Writes the heads that targets see. */
final class TargetRequest {
    /** The decoder has checked each of them, and ours are made of what was checked. */
    static final HttpHeadersFactory HEADERS =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);

    /** The label of the node that took the visitor in. */
    static final AsciiString NODE = AsciiString.cached("culvert-node");

    /** Who came to each proxy on the way, in that order. */
    static final AsciiString FORWARDED_FOR = AsciiString.cached("x-forwarded-for");

    private static final AsciiString FORWARDED_PROTO = AsciiString.cached("x-forwarded-proto");
    private static final AsciiString FORWARDED_HOST = AsciiString.cached("x-forwarded-host");
    private static final AsciiString FORWARDED_PORT = AsciiString.cached("x-forwarded-port");

    /** Says {@code true} when the request goes through a second node. */
    static final AsciiString RELAYED = AsciiString.cached("culvert-relayed");

    private TargetRequest() {}

    /** The visitor's request as the target gets it: always HTTP/1.1, kept alive, framed as it came. */
    static HttpRequest of(RequestHead head, HostPolicy host, VisitorConnection visitor) {
        HttpHeaders from = head.headers();
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, head.method(), head.target(), HEADERS);
        HttpHeaders to = request.headers();
        to.set(HttpHeaderNames.HOST, host.host());
        HeaderRules.copyFromVisitor(from, to, visitor.isTrusted());
        SessionCookies.hide(to);
        host.applyTo(to);
        if (from.contains(HttpHeaderNames.TRANSFER_ENCODING)) {
            to.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        if (head.isHttp10()) {
            to.remove(HttpHeaderNames.EXPECT); // To be ignored (RFC 9110, 10.1.1).
        }
        boolean trailers = from.contains(HttpHeaderNames.TE)
                && HeaderRules.tokens(from, HttpHeaderNames.TE).contains("trailers");
        if (trailers) {
            to.set(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS);
            to.add(HttpHeaderNames.CONNECTION, HttpHeaderNames.TE);
        }
        if (head.upgrade() != null) {
            to.set(HttpHeaderNames.UPGRADE, head.upgrade());
            to.add(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        }
        setForwarded(head, visitor, to);
        return request;
    }

    /** A piece of the body, trailers by the same rules as heads. Takes the piece over. */
    static HttpContent piece(HttpContent content) {
        if (!(content instanceof LastHttpContent last) || last.trailingHeaders().isEmpty()) {
            return content;
        }
        LastHttpContent end = new DefaultLastHttpContent(last.content(), DefaultHttpHeadersFactory.trailersFactory());
        HeaderRules.copyFromVisitor(last.trailingHeaders(), end.trailingHeaders(), false);
        // No place for them (RFC 9110, 6.5.1), and ours may be among them.
        end.trailingHeaders().remove(HttpHeaderNames.AUTHORIZATION).remove(HttpHeaderNames.COOKIE);
        return end;
    }

    /** Sets what stands for the visitor. A trusted peer's words on it stay, and its address joins the list. */
    private static void setForwarded(RequestHead head, VisitorConnection visitor, HttpHeaders to) {
        String before = String.join(", ", to.getAll(FORWARDED_FOR));
        to.set(FORWARDED_FOR, before.isEmpty() ? visitor.ip() : before + ", " + visitor.ip());
        // The port is the one the visitor used, not the one that we listen on behind a balancer.
        int defaultPort = visitor.isSecure() ? 443 : 80;
        setIfAbsent(to, FORWARDED_PROTO, visitor.isSecure() ? HttpScheme.HTTPS.name() : HttpScheme.HTTP.name());
        setIfAbsent(to, FORWARDED_HOST, head.authority().toString());
        setIfAbsent(to, FORWARDED_PORT, String.valueOf(head.authority().portOr(defaultPort)));
    }

    private static void setIfAbsent(HttpHeaders headers, AsciiString name, CharSequence value) {
        if (!headers.contains(name)) {
            headers.set(name, value);
        }
    }
}

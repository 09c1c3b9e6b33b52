package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Map;

/** Writes the heads that targets of HTTP/2 see, and reads theirs as what they would have been in HTTP/1.1. */
final class Http2TargetHead {
    /** What {@link TargetRequest} says for HTTP/1.1 alone (RFC 9113, 8.2.2 and 8.3.1). TE, which it says where it is trailers, stays. */
    private static final List<AsciiString> OF_HTTP_1 = List.of(
            HttpHeaderNames.HOST,
            HttpHeaderNames.CONNECTION,
            HttpHeaderNames.TRANSFER_ENCODING,
            HttpHeaderNames.UPGRADE);

    private Http2TargetHead() {}

    /**
     * A request's head.
     *
     * @param scheme what the target takes itself to be asked by
     */
    static Http2Headers of(HttpRequest request, String scheme) {
        Http2Headers head = Http2Response.fields(request.headers());
        OF_HTTP_1.forEach(head::remove);
        head.method(request.method().asciiName());
        head.scheme(scheme);
        head.authority(request.headers().get(HttpHeaderNames.HOST));
        head.path(request.uri());
        return head;
    }

    /**
     * The head of an answer, interim or final.
     *
     * @param heads makes its fields; {@link FieldRoom.NoRoomException} where there is no room for them
     */
    static HttpResponse response(Http2Headers headers, HttpHeadersFactory heads) throws Http2Exception {
        HttpHeaders fields = heads.newHeaders();
        copy(headers, fields);
        return new DefaultHttpResponse(HttpVersion.HTTP_1_1, statusOf(headers), fields);
    }

    /** The end of a body with trailers. */
    static LastHttpContent end(Http2Headers trailers, FieldRoom room) throws Http2Exception {
        try {
            return Http2Request.end(trailers, room);
        } catch (RefusedException | IllegalArgumentException e) {
            throw malformed("trailers");
        }
    }

    private static void copy(Http2Headers from, HttpHeaders to) throws Http2Exception {
        try {
            for (Map.Entry<CharSequence, CharSequence> field : from) {
                if (field.getKey().charAt(0) != ':') {
                    to.add(field.getKey(), field.getValue());
                }
            }
        } catch (IllegalArgumentException e) { // From Netty's own checks of names and values.
            throw malformed("fields");
        }
    }

    private static HttpResponseStatus statusOf(Http2Headers headers) throws Http2Exception {
        CharSequence status = headers.status();
        if (status == null
                || status.length() != 3
                || status.charAt(0) == '0'
                || !status.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw malformed("status");
        }
        return HttpResponseStatus.valueOf(Integer.parseInt(status.toString()));
    }

    private static Http2Exception malformed(String what) {
        return Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, "malformed %s", what);
    }
}

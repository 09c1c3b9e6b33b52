package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.Map;

/** Writes responses as HTTP/2 has them. Their fields were checked when they were read. */
final class Http2Response {
    private Http2Response() {}

    static Http2Headers head(HttpResponse response) {
        Http2Headers head = fields(response.headers());
        head.status(response.status().codeAsText());
        boolean neverHasBody = response.status().equals(HttpResponseStatus.NO_CONTENT)
                || response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (neverHasBody) {
            head.remove(HttpHeaderNames.CONTENT_LENGTH); // RFC 9110, 8.6; by HTTP/1.1 the encoder does it.
        }
        return head;
    }

    /** Whether the response is over with its head, whatever the request was. */
    static boolean isHeadOnly(HttpResponse response) {
        return response.status().equals(HttpResponseStatus.NO_CONTENT)
                || response.status().equals(HttpResponseStatus.NOT_MODIFIED)
                || "0".equals(response.headers().get(HttpHeaderNames.CONTENT_LENGTH));
    }

    /** Fields as HTTP/2 writes them; trailers, or those of a head. */
    static Http2Headers fields(HttpHeaders from) {
        Http2Headers to = new DefaultHttp2Headers(false, from.size() + 1);
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
        while (fields.hasNext()) {
            Map.Entry<CharSequence, CharSequence> field = fields.next();
            to.add(AsciiString.of(field.getKey()).toLowerCase(), field.getValue());
        }
        return to;
    }
}

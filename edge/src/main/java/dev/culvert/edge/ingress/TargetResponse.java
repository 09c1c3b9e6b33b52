package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;

/**
 * Makes of a target's response what visitors see: what is of one hop is left to the visitor's protocol. In the objects that
 * the decoder made, which nobody else needs.
 */
final class TargetResponse {
    private TargetResponse() {}

    /** A head, interim or final. */
    static HttpResponse of(HttpResponse response) {
        HeaderRules.strip(response.headers());
        if (response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            DateField.complete(response.headers());
        }
        return response.setProtocolVersion(HttpVersion.HTTP_1_1);
    }

    /** The last piece of the body, with its trailers. */
    static LastHttpContent end(LastHttpContent last) {
        if (!last.trailingHeaders().isEmpty()) {
            HeaderRules.strip(last.trailingHeaders());
        }
        return last;
    }
}

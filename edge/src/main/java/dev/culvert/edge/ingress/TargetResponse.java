package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;

/** Writes what visitors see of a target's response: what is of one hop is left to the visitor's protocol. */
final class TargetResponse {
    private TargetResponse() {}

    /** A head, interim or final. */
    static HttpResponse of(HttpResponse response) {
        HttpResponse passed = new DefaultHttpResponse(HttpVersion.HTTP_1_1, response.status(), TargetRequest.HEADERS);
        HeaderRules.copyFromTarget(response.headers(), passed.headers());
        return passed;
    }

    /** The last piece of the body, with its trailers. Takes the piece over. */
    static LastHttpContent end(LastHttpContent last) {
        if (last.trailingHeaders().isEmpty()) {
            return last;
        }
        LastHttpContent passed = new DefaultLastHttpContent(last.content());
        HeaderRules.copyFromTarget(last.trailingHeaders(), passed.trailingHeaders());
        return passed;
    }
}

package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpStatusClass;

/** Netty's encoder, told which request it answers: a HEAD has no body, whatever its fields say. */
final class ResponseEncoder extends HttpResponseEncoder {
    private boolean head;

    /** The next final response answers this. */
    void answers(HttpMethod method) {
        head = HttpMethod.HEAD.equals(method);
    }

    /** Whether the response ends with its head. */
    @Override
    public boolean isContentAlwaysEmpty(HttpResponse response) {
        // All 1xx: Netty lets one ancient spelling of 101 have a body.
        return head
                || response.status().codeClass() == HttpStatusClass.INFORMATIONAL
                || super.isContentAlwaysEmpty(response);
    }
}

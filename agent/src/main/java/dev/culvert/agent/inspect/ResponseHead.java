package dev.culvert.agent.inspect;

import io.netty.handler.codec.http.HttpResponse;

/**
 * How the target answered.
 *
 * @param reason the words behind the status, may be empty
 * @param version for example {@code HTTP/1.1}
 */
record ResponseHead(int status, String reason, String version, Fields fields) {
    static ResponseHead of(HttpResponse response) {
        return new ResponseHead(
                response.status().code(),
                response.status().reasonPhrase(),
                response.protocolVersion().text(),
                Fields.of(response.headers()));
    }
}

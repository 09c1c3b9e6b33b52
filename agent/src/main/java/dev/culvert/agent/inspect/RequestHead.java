package dev.culvert.agent.inspect;

import io.netty.handler.codec.http.HttpRequest;

/**
 * What the target was asked for.
 *
 * @param path with the query
 * @param version for example {@code HTTP/1.1}
 */
record RequestHead(String method, String path, String version, Fields fields) {
    static RequestHead of(HttpRequest request) {
        return new RequestHead(
                request.method().name(),
                request.uri(),
                request.protocolVersion().text(),
                Fields.of(request.headers()));
    }
}

package dev.culvert.edge.demo;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.Base64;
import java.util.Random;

/** {@value #BYTES} bytes that no one can compress, made of one piece over and over so that they need no room. */
final class Download {
    static final long BYTES = 32L * 1024 * 1024;
    private static final int PIECE_BYTES = 64 * 1024;

    private final Buffer piece;
    private final String contentDigest;

    private Download(Buffer piece, String contentDigest) {
        this.piece = piece;
        this.contentDigest = contentDigest;
    }

    static Download random() {
        byte[] random = new byte[PIECE_BYTES];
        new Random().nextBytes(random);
        Buffer piece = Buffer.buffer(random);
        Digest digest = new Digest();
        while (digest.bytes() < BYTES) {
            digest.update(piece);
        }
        String value = Base64.getEncoder().encodeToString(digest.value());
        return new Download(piece, "sha-256=:" + value + ":"); // RFC 9530
    }

    /** Sends it as fast as the visitor takes it, and no faster. */
    void send(RoutingContext context) {
        HttpServerResponse response = context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/octet-stream")
                .putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(BYTES))
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .putHeader("Content-Digest", contentDigest);
        new Sending(response).next();
    }

    /** One visitor's download. */
    private final class Sending {
        private final HttpServerResponse response;
        private long left = BYTES;

        Sending(HttpServerResponse response) {
            this.response = response;
            response.drainHandler(drained -> next());
        }

        void next() {
            while (left > 0 && !response.writeQueueFull() && !response.closed()) {
                left -= PIECE_BYTES;
                response.write(piece).onFailure(gone -> left = 0);
            }
            // A queue that is full goes on from the drain handler.
            if (left == 0 && !response.ended() && !response.closed()) {
                response.end().onFailure(gone -> left = 0);
            }
        }
    }
}

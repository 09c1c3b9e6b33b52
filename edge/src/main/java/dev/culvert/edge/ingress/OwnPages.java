package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Who answers at the edge's own host, beside the edge itself. Called on the visitor's event loop. */
public interface OwnPages {
    /** Nobody. */
    OwnPages NONE = question -> null;

    /**
     * Answers.
     *
     * @return completes on any thread; null when it is nothing of theirs
     */
    @Nullable
    Future<Answer> answer(Question question);

    /**
     * A request to the edge's own host.
     *
     * @param target path and query, as they came
     * @param visitor whose request it is, by the word of a trusted proxy where it came through one
     */
    record Question(HttpMethod method, String target, HttpHeaders headers, InetAddress visitor) {}

    /** What is answered. */
    record Answer(HttpResponseStatus status, JsonObject body) {}
}

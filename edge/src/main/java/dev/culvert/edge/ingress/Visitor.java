package dev.culvert.edge.ingress;

import dev.culvert.lane.Splice;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;

/**
 * Where a request came from, whatever protocol brought it: what an exchange asks of HTTP/1.1, and of a stream of HTTP/2.
 * Framing is the protocol's: responses come without fields of one hop, with Content-Length where it is known.
 *
 * <p>All on the channel's event loop. Writes are flushed by the end of its turn.
 */
interface Visitor {
    /** What the request came in by. */
    VisitorConnection connection();

    /** Whether the visitor takes more of the answer now; the exchange is told of changes. */
    boolean isWritable();

    /** No more of the request's body for now; what was handed on already may still come. */
    void stopRequest();

    /** The body may go on. */
    void resumeRequest();

    /** Sends an interim response, where the visitor understands them. */
    void sendInterim(HttpResponse response);

    /** Sends the final response's head. */
    void sendHead(HttpResponse response);

    /** Sends a piece of the body, or its end with trailers, and takes it over. */
    void send(HttpContent content);

    /** Sends an answer of the edge's own, whole. */
    void sendReply(FullHttpResponse reply);

    /**
     * Nobody can tell where the request ends, so nothing may follow it: HTTP/1.1 closes the connection once the exchange
     * is over, HTTP/2 ends the stream. To be said before the head is sent.
     */
    void closeAfterwards();

    /** The exchange is over, and its response was sent whole. */
    void exchangeEnded();

    /** The response broke off: what was sent must not look whole. */
    void cut();

    /**
     * Sends a 101 and hands visitor and target over to each other: no more HTTP here.
     *
     * @param ended hears of the end
     */
    void becomeRaw(HttpResponse switching, TargetConnection target, Splice.Listener ended);

    /** It is an agent: its connection leaves the visitor port. Only where the protocol can change to another. */
    default void becomeLane(LaneUpgrade upgrade) {
        throw new IllegalStateException("this connection cannot become a lane");
    }
}

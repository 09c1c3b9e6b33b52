package dev.culvert.edge.ingress;

import dev.culvert.lane.Splice;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import java.net.InetSocketAddress;

/**
 * Where a request came from, whatever protocol brought it: what an exchange asks of HTTP/1.1, and of HTTP/2's streams
 * one day. Framing is the protocol's: responses come without fields of one hop, with Content-Length where it is known.
 *
 * <p>All on the channel's event loop. Writes are flushed by the end of its turn.
 */
interface Visitor {
    Channel channel();

    InetSocketAddress address();

    /** Whether the visitor came by TLS. */
    boolean isSecure();

    /** The streams that stay with this visitor connection between its requests. */
    PinnedStreams pinned();

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

    /** No request after this one: the connection closes once the exchange is over. To be said before the head is sent. */
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
}

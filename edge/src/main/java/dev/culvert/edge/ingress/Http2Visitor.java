package dev.culvert.edge.ingress;

import dev.culvert.lane.Splice;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * One request on a connection that speaks HTTP/2: a stream of its own, whose standstill is its own. Runs on the channel's
 * event loop.
 *
 * <pre>
 *   visitor ──DATA──► held ──► exchange     window granted for what the exchange took
 *   visitor ◄──DATA── waiting ◄── exchange  the exchange is stopped while too much waits
 * </pre>
 */
final class Http2Visitor implements Visitor {
    private final Ingress ingress;
    private final Http2Session session;
    private final Http2Stream stream;
    private final Http2Inflow body;
    private final FieldRoom fields;
    private @Nullable HttpExchange exchange;

    private boolean requestEnded;

    private boolean answersHead;
    private boolean responseEnded;
    private boolean responseSent;
    private int waiting;
    /** What waited when the session looked last, and what had been granted; negative while there was no whole answer. */
    private int waitedBefore = -1;

    private int grantedBefore;
    private int granted;

    private boolean full;
    private boolean closed;

    Http2Visitor(Ingress ingress, Http2Session session, Http2Stream stream) {
        this.ingress = ingress;
        this.session = session;
        this.stream = stream;
        this.body = new Http2Inflow(ingress.http2Windows(), session.allocator(), new BodyEnds());
        this.fields = new FieldRoom(ingress.heads());
    }

    // What the visitor does.

    /**
     * Its request's head came.
     *
     * @param whole whether it is the whole request
     */
    void begin(Http2Headers headers, boolean whole) {
        requestEnded = whole;
        answersHead = HttpMethod.HEAD.asciiName().contentEquals(headers.method());
        try {
            HttpRequest request = Http2Request.of(headers, whole, fields);
            RequestHead head = RequestHead.of(request);
            connection().requireRightDoor(head);
            HttpExchange begun = new HttpExchange(ingress, this, head);
            exchange = begun;
            begun.start();
            if (whole && exchange == begun) {
                begun.onRequestContent(LastHttpContent.EMPTY_LAST_CONTENT);
            }
        } catch (RefusedException refused) {
            refuse(refused.reply(), headers);
        }
    }

    /**
     * Answers in the edge's own name, without an exchange.
     *
     * @param headers the request's head; null where it was not read
     */
    void refuse(Reply reply, @Nullable Http2Headers headers) {
        CharSequence accept = headers == null ? null : headers.get(HttpHeaderNames.ACCEPT);
        FullHttpResponse page = Pages.of(reply, accept == null ? null : accept.toString(), session.allocator());
        ExchangeRecord.refused(ingress, () -> RefusedHead.of(headers), connection(), reply, page);
        sendReply(page);
        exchangeEnded();
    }

    /**
     * A piece of the body came; it stays the caller's.
     *
     * @return how many bytes of it are taken: so many more the visitor may send
     */
    int onData(ByteBuf data, boolean last) {
        requestEnded |= last;
        return body.onData(data, last);
    }

    /** The request ends with trailers. */
    void onTrailers(Http2Headers trailers) {
        requestEnded = true;
        HttpExchange current = exchange;
        if (current == null) {
            return;
        }
        try {
            body.onEnd(Http2Request.end(trailers, fields));
        } catch (RefusedException | IllegalArgumentException e) {
            current.onMalformedBody();
        }
    }

    /** The stream is over: cancelled, or both sides have ended. */
    void closed() {
        closed = true;
        body.close();
        fields.close();
        HttpExchange left = exchange;
        exchange = null;
        if (left != null) {
            left.onVisitorGone("the visitor cancelled its request");
        }
    }

    /** From the visitor to the exchange. */
    private final class BodyEnds implements Http2Inflow.Ends {
        @Override
        public void take(HttpContent content) {
            HttpExchange current = exchange;
            if (current == null) {
                content.release();
            } else {
                current.onRequestContent(content);
            }
        }

        @Override
        public void granted(int bytes) {
            session.consumed(stream, bytes);
        }

        @Override
        public void widen(int growth) {
            session.widen(stream, growth);
        }
    }

    // What the exchange does.

    @Override
    public VisitorConnection connection() {
        return session.visitor();
    }

    @Override
    public boolean isWritable() {
        return !full;
    }

    @Override
    public void stopRequest() {
        body.stop();
    }

    @Override
    public void resumeRequest() {
        body.resume();
    }

    @Override
    public void sendInterim(HttpResponse response) {
        session.writeHead(stream, Http2Response.head(response), false, null);
    }

    @Override
    public void sendHead(HttpResponse response) {
        responseEnded = answersHead || Http2Response.isHeadOnly(response);
        session.writeHead(
                stream, Http2Response.head(response), responseEnded, responseEnded ? this::onResponseSent : null);
    }

    @Override
    public void send(HttpContent content) {
        if (responseEnded || closed) {
            content.release();
            return;
        }
        boolean last = content instanceof LastHttpContent;
        boolean trailers =
                last && !((LastHttpContent) content).trailingHeaders().isEmpty();
        int size = content.content().readableBytes();
        responseEnded = last;
        waiting += size;
        if (size == 0 && (trailers || !last)) {
            content.release();
        } else {
            session.writeData(stream, content.content(), last && !trailers, () -> onSent(size, last && !trailers));
        }
        if (trailers) {
            Http2Headers fields = Http2Response.fields(((LastHttpContent) content).trailingHeaders());
            session.writeHead(stream, fields, true, this::onResponseSent);
        }
        if (!full && waiting >= Http2Limits.WAITING_BYTES) {
            full = true;
            tellWritable();
        }
    }

    @Override
    public void sendReply(FullHttpResponse reply) {
        sendHead(reply);
        send(new DefaultLastHttpContent(reply.content()));
    }

    /** Nothing of this connection hangs on one request: {@link #exchangeEnded} ends the stream where it must. */
    @Override
    public void closeAfterwards() {}

    @Override
    public void exchangeEnded() {
        exchange = null;
        body.close();
        endUnreadRequest();
        session.watchAnswers();
    }

    /** The visitor lets us send more. */
    void onGranted() {
        granted++;
    }

    /** Ends the stream of a visitor that has taken nothing of a whole answer since the last call, and asked for nothing. */
    void cutIfUnread() {
        if (exchange != null || responseSent || closed) {
            return;
        } else if (waitedBefore == waiting && grantedBefore == granted) {
            session.reset(stream, Http2Error.CANCEL);
        }
        waitedBefore = waiting;
        grantedBefore = granted;
    }

    @Override
    public void cut() {
        exchange = null;
        body.close();
        session.reset(stream, Http2Error.INTERNAL_ERROR);
    }

    @Override
    public void becomeRaw(HttpResponse switching, TargetConnection target, Splice.Listener ended) {
        throw new IllegalStateException("no request of HTTP/2 asks for an upgrade");
    }

    private void onSent(int size, boolean last) {
        waiting -= size;
        if (full && waiting <= Http2Limits.WAITING_BYTES / 2) {
            full = false;
            tellWritable();
        }
        if (last) {
            onResponseSent();
        }
    }

    private void onResponseSent() {
        responseSent = true;
        endUnreadRequest();
    }

    /** The answer is out, and what is left of the request is for nobody: the visitor need not send it (9113, 8.1). */
    private void endUnreadRequest() {
        if (responseSent && exchange == null && !requestEnded && !closed) {
            session.reset(stream, Http2Error.NO_ERROR);
        }
    }

    private void tellWritable() {
        if (exchange != null) {
            exchange.onVisitorWritable(!full);
        }
    }
}

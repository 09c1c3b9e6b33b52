package dev.culvert.edge.ingress;

import dev.culvert.lane.WindowBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/2 with prior knowledge (RFC 9113, 3.3) to a target, for gRPC above all: trailers, and bodies that go both ways at
 * once. One stream of HTTP/2 at a time, so that a visitor's standstill is nobody else's.
 *
 * <p>What comes is always parsed, so that the target's windows and pings are heard. A body that the visitor does not take
 * is held within HTTP/2's window, and counts against the window of the stream that carries it until it is taken.
 */
final class Http2TargetCodec implements TargetCodec {
    private final Connection connection;
    private final ByteBufAllocator allocator;
    private final FieldRoom fields;
    private final WindowBudget windows;
    private final HttpHeadersFactory heads;
    private final String scheme;
    private final Frames frames = new Frames();
    /** It says once when it is not any more, and not to who has asked it again before. */
    private boolean streamFull;

    /** From the first request on. */
    private @Nullable Http2Client client;

    private @Nullable Http2Stream stream;
    private Http2Inflow body;
    private HttpMethod method = HttpMethod.GET;
    private int unsaid;
    private boolean answering;
    private boolean headRead;
    /** A length was told, and nothing has come: Netty takes that for the answer to a HEAD, whatever was asked. */
    private boolean bodyOutstanding;

    private boolean responseRead;
    private boolean takesNoMoreOfRequest;
    private boolean leaving;
    private boolean finished;
    private boolean stopped;

    /**
     * For one connection.
     *
     * @param fields what heads of answers may take of the heap
     * @param windows what the windows of all bodies may grow by
     * @param target what the agent calls the target
     */
    Http2TargetCodec(
            Connection connection, ByteBufAllocator allocator, FieldRoom fields, WindowBudget windows, String target) {
        this.connection = connection;
        this.allocator = allocator;
        this.fields = fields;
        this.heads = fields.heads();
        this.windows = windows;
        this.scheme = target.startsWith("https://") ? "https" : "http";
        this.body = new Http2Inflow(windows, allocator, new BodyEnds());
    }

    @Override
    public void begin(HttpRequest request) {
        answering = false;
        headRead = false;
        bodyOutstanding = false;
        responseRead = false;
        takesNoMoreOfRequest = false;
        method = request.method();
        body = new Http2Inflow(windows, allocator, new BodyEnds());
        if (client == null) {
            client = new Http2Client(new ToStream(), frames);
        }
        if (!client.canRequest()) {
            connection.refused("the target takes no more requests");
            return;
        }
        boolean whole = !HttpUtil.isTransferEncodingChunked(request) && HttpUtil.getContentLength(request, 0L) == 0;
        stream = client.request(Http2TargetHead.of(request, scheme), whole);
    }

    private Http2Client client() {
        return Objects.requireNonNull(client, "nothing was asked");
    }

    @Override
    public void send(HttpContent content) {
        Http2Stream to = stream;
        boolean last = content instanceof LastHttpContent;
        if (to == null || takesNoMoreOfRequest || hasSentAll()) {
            content.release();
            return;
        }
        HttpHeaders trailers = last ? ((LastHttpContent) content).trailingHeaders() : EmptyHttpHeaders.INSTANCE;
        boolean ends = last && trailers.isEmpty();
        if (content.content().isReadable() || ends) {
            client().data(to, content.content(), ends);
        } else {
            content.release();
        }
        if (!trailers.isEmpty()) {
            client().trailers(to, Http2Response.fields(trailers));
        }
    }

    @Override
    public boolean isWritable() {
        return takesNoMoreOfRequest || (!isStreamFull() && !waitsForWindow());
    }

    private boolean isStreamFull() {
        streamFull = streamFull || !connection.isStreamWritable();
        return streamFull;
    }

    /** Whether a piece of the request does. What is there of the window matters not: the end of a request takes none. */
    private boolean waitsForWindow() {
        return stream != null && client().waitsForWindow(stream);
    }

    @Override
    public void streamWritable() {
        streamFull = false;
        client().wireWritable();
        connection.targetWritable();
    }

    @Override
    public void receive(ByteBuf bytes) {
        unsaid += bytes.readableBytes();
        boolean wasWritable = isWritable();
        if (finished) {
            bytes.release();
        } else {
            client().receive(bytes);
        }
        if (stopped) {
            return;
        }
        sayConsumed();
        if (!wasWritable && isWritable()) {
            connection.targetWritable();
        }
    }

    private void sayConsumed() {
        if (unsaid > 0) {
            connection.consumed(unsaid);
            unsaid = 0;
        }
    }

    @Override
    public boolean isAnswering() {
        return answering;
    }

    @Override
    public void streamFinished() {
        if (!responseRead) {
            connection.lost("the answer was not complete");
        } else {
            takeNoMoreOfRequest();
        }
    }

    @Override
    public void pause() {
        body.stop();
    }

    @Override
    public void resume() {
        body.resume();
    }

    @Override
    public boolean isSettled() {
        return responseRead && !body.holdsEnd();
    }

    @Override
    public boolean hasSentAll() {
        return stream == null || !stream.state().localSideOpen();
    }

    @Override
    public boolean isReusable() {
        return !leaving && !takesNoMoreOfRequest;
    }

    @Override
    public boolean speaksUnasked() {
        return true;
    }

    @Override
    public void rest() {
        fields.close();
        body.close();
    }

    @Override
    public void finish() {
        client().goAway();
        finished = true;
    }

    @Override
    public void handOver(Channel visitor) {
        throw new IllegalStateException("HTTP/2 has no 101");
    }

    @Override
    public void stop() {
        stopped = true;
        fields.close();
        body.close();
        if (client != null) {
            client.close();
        }
    }

    // What comes.

    private void readHead(Http2Headers headers, boolean last) throws Http2Exception {
        answering = true;
        HttpResponse response = Http2TargetHead.response(headers, heads);
        fields.settle();
        HttpResponseStatus status = response.status();
        boolean isInterim = status.codeClass() == HttpStatusClass.INFORMATIONAL;
        if (status.equals(HttpResponseStatus.SWITCHING_PROTOCOLS) || (isInterim && last)) {
            connection.garbage("an answer by HTTP/2 with the status " + status.code());
        } else if (isInterim) {
            // No window holds these back, and of a visitor who takes nothing they would pile up.
            if (status.equals(HttpResponseStatus.CONTINUE) || !body.isStopped()) {
                connection.interim(response);
            }
        } else {
            headRead = true;
            bodyOutstanding = mayHaveBody(status) && HttpUtil.getContentLength(response, 0L) > 0;
            if (last) {
                requireBody();
            }
            responseRead = last;
            if (last && mayHaveBody(status)) {
                // So that a visitor of HTTP/2 gets the end with the head, as gRPC wants it.
                response.headers().set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
            }
            connection.head(response);
            if (last) {
                body.onEnd(LastHttpContent.EMPTY_LAST_CONTENT);
            }
        }
    }

    private void requireBody() throws Http2Exception {
        if (bodyOutstanding) {
            throw Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, "a length, and no body");
        }
    }

    private boolean mayHaveBody(HttpResponseStatus status) {
        return !method.equals(HttpMethod.HEAD)
                && !status.equals(HttpResponseStatus.NO_CONTENT)
                && !status.equals(HttpResponseStatus.NOT_MODIFIED);
    }

    private void readReset(long code) {
        if (code == Http2Error.REFUSED_STREAM.code() && !answering) {
            connection.refused("the target refused the request");
        } else if (!responseRead) {
            connection.lost("the target reset the request: " + Http2Error.valueOf(code));
        } else {
            takeNoMoreOfRequest();
        }
    }

    /** The answer has come, and what is left of the request is for nobody. */
    private void takeNoMoreOfRequest() {
        if (body.holdsEnd()) {
            takesNoMoreOfRequest = true; // The visitor has yet to take the answer.
            connection.targetWritable(); // It may want to be rid of its request before that.
        } else {
            connection.lost("the target takes no more of the request");
        }
    }

    private void readGoAway(int lastServed) {
        leaving = true;
        Http2Stream asked = stream;
        if (asked != null && asked.id() > lastServed && !responseRead) {
            connection.refused("the target closes its connection");
        }
        connection.takesNoMore("the target closes its connection");
    }

    private void broken(Throwable cause) {
        if (cause instanceof FieldRoom.NoRoomException) {
            connection.noRoom();
        } else if (!frames.hasReadSettings()) {
            connection.garbage("no HTTP/2, as targets of culvert http2 do");
        } else {
            connection.garbage("no HTTP/2 as it should be (" + cause.getMessage() + ")");
        }
    }

    /** Of the target's answer, to the visitor. */
    private final class BodyEnds implements Http2Inflow.Ends {
        @Override
        public void take(HttpContent content) {
            boolean last = content instanceof LastHttpContent;
            connection.content(content);
            if (last && takesNoMoreOfRequest) {
                connection.lost("the target takes no more of the request");
            }
        }

        @Override
        public void granted(int bytes) {
            Http2Stream of = stream;
            if (of != null) {
                client().consumed(of, bytes);
            }
            unsaid += bytes;
            sayConsumed();
        }

        @Override
        public void widen(int growth) {
            if (stream != null) {
                client().widen(stream, growth);
            }
        }
    }

    /** What carries it all. */
    private final class ToStream implements Http2Client.Wire {
        @Override
        public void write(ByteBuf bytes) {
            connection.write(bytes);
        }

        @Override
        public boolean isWritable() {
            return !isStreamFull();
        }

        @Override
        public void broken(Throwable cause, boolean outbound) {
            if (!outbound || !takesNoMoreOfRequest) { // Else what waited for the target's window is for nobody.
                Http2TargetCodec.this.broken(cause);
            }
        }
    }

    /** What comes in. */
    private final class Frames extends Http2Frames {
        private boolean isOurs(int id) {
            return !stopped && stream != null && stream.id() == id;
        }

        @Override
        Http2ConnectionEncoder encoder() {
            return client().encoder();
        }

        @Override
        public void onHeadersRead(ChannelHandlerContext ctx, int id, Http2Headers headers, int padding, boolean last)
                throws Http2Exception {
            if (!isOurs(id)) {
                return;
            } else if (!headRead) {
                readHead(headers, last);
            } else {
                requireBody();
                responseRead = true;
                body.onEnd(Http2TargetHead.end(headers, fields));
            }
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean last)
                throws Http2Exception {
            int size = data.readableBytes();
            if (!isOurs(id)) {
                return padding + size;
            } else if (!headRead) {
                connection.garbage("a body by HTTP/2 without a head");
                return padding + size;
            }
            bodyOutstanding &= size == 0;
            if (last) {
                requireBody();
            }
            responseRead = last;
            int taken = body.onData(data, last);
            unsaid -= size - taken;
            return padding + taken;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext ctx, int id, long code) {
            if (isOurs(id)) {
                readReset(code);
            }
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext ctx, int lastServed, long code, ByteBuf debug) {
            if (!stopped) {
                readGoAway(lastServed);
            }
        }
    }
}

package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.HeaderListSizeException;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A visitor connection that speaks HTTP/2: many requests at once, each an {@link Http2Visitor}. Runs on the channel's
 * event loop.
 *
 * <pre>
 *   open ──drain──► GOAWAY: ask no more ──{@link #LAST_WORD}──► GOAWAY: nothing later is served ──last stream──► closing
 *     └──── nothing asked in time ──► GOAWAY ─────────────────────────────────────────────────────────────────┘
 * </pre>
 *
 * A visitor that sends FIN has left: it could not even grant us a window any more.
 */
final class Http2Session extends Http2ConnectionHandler implements OpenVisitors.Connection {
    /** How long after the first GOAWAY requests are served that had crossed it: far more than a round trip. */
    private static final Duration LAST_WORD = Duration.ofSeconds(2);

    private static final Logger LOGGER = LoggerFactory.getLogger(Http2Session.class);

    private final Ingress ingress;
    private final Http2Connection.PropertyKey visitorOfStream;
    private ChannelHandlerContext context;
    private VisitorConnection visitor;
    private Deadline deadline;
    private Deadline unread;
    /** Heads that have not left yet. */
    private int untaken;

    private final ChannelFutureListener headLeft = done -> untaken--;
    private long idleSinceNanos = System.nanoTime();
    private boolean lastStreamSaid;
    private boolean closing;

    @SuppressWarnings("NullAway.Init") // What belongs to the channel comes with it.
    Http2Session(
            Ingress ingress, Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
        super(decoder, encoder, settings);
        this.ingress = ingress;
        this.visitorOfStream = connection().newKey();
        decoder.frameListener(new Requests());
        connection().addListener(new Streams());
    }

    // The connection.

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
        context = ctx;
        visitor = new VisitorConnection(ctx.channel(), ingress.options());
        deadline = new Deadline(ctx.channel().eventLoop(), this::finish);
        unread = new Deadline(ctx.channel().eventLoop(), this::cutUnread);
        deadline.in(visitor.arrival().left(ingress.options().deadlines().head()));
        super.handlerAdded(ctx); // Sends our settings.
        decoder()
                .flowController()
                .incrementWindowSize(
                        connection().connectionStream(),
                        Http2Limits.CONNECTION_WINDOW_BYTES - Http2Limits.WINDOW_BYTES);
        visitor.flushSoon();
        ingress.visitors().add(ctx.channel(), this);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
        if (closing) {
            ReferenceCountUtil.release(message);
        } else {
            super.channelRead(ctx, message);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        super.userEventTriggered(ctx, event);
        if (event instanceof ChannelInputShutdownEvent && closing) {
            LingeringClose.inputEnded(ctx.channel());
        } else if (event instanceof ChannelInputShutdownEvent) {
            closing = true;
            ctx.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        closing = true;
        deadline.cancel();
        unread.cancel();
        super.channelInactive(ctx); // Ends the streams.
        visitor.pinned().end();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
        boolean ofTls = cause instanceof DecoderException && cause.getCause() instanceof SSLException;
        if (cause instanceof IOException || ofTls) { // Those are visitors that leave, or send what is no TLS.
            ctx.close();
        } else {
            super.onError(ctx, false, cause);
        }
    }

    @Override
    public void drain() {
        say(Integer.MAX_VALUE);
        context.channel().eventLoop().schedule(this::sayLastStream, LAST_WORD.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public long idleNanos(long now) {
        return connection().numActiveStreams() == 0 && !closing ? now - idleSinceNanos : -1;
    }

    @Override
    public void giveWay() {
        say(connection().remote().lastStreamCreated());
        closing = true;
        context.flush();
        context.close();
    }

    @Override
    public void retireStreams() {
        visitor.pinned().retireLeaving();
    }

    private void sayLastStream() {
        lastStreamSaid = true;
        if (closing) {
            return;
        } else if (connection().numActiveStreams() == 0) {
            finish();
        } else {
            say(connection().remote().lastStreamCreated());
        }
    }

    /** GOAWAY: streams up to this one are served. */
    private void say(int lastStream) {
        if (!closing) {
            goAway(context, lastStream, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, context.newPromise());
            visitor.flushSoon();
        }
    }

    /** Closes; no stream is open. */
    private void finish() {
        if (!closing) {
            say(connection().remote().lastStreamCreated());
            close(ingress.options().deadlines().idle());
        }
    }

    /**
     * What the visitor still sends is dropped, so that nothing is reset and GOAWAY arrives.
     *
     * @param most how long the visitor may take to read what is left for it
     */
    private void close(Duration most) {
        closing = true;
        deadline.cancel();
        visitor.pinned().end();
        LingeringClose.of(context.channel(), most, ingress.options().deadlines().linger());
    }

    // Errors.

    /** The visitor broke the rules of the connection, or we did. All its streams end. */
    @Override
    protected void onConnectionError(
            ChannelHandlerContext ctx, boolean outbound, Throwable cause, @Nullable Http2Exception broken) {
        if (closing) {
            return;
        }
        if (broken == null && !(cause instanceof IOException)) {
            LOGGER.atError()
                    .setCause(cause)
                    .addKeyValue("remote", visitor.address())
                    .log("visitor connection failed; closing it");
        }
        // Not by goAway(), which would close at once, and the reset that follows could overtake the word.
        Http2Error code = broken == null ? Http2Error.INTERNAL_ERROR : broken.error();
        frameWriter()
                .writeGoAway(
                        ctx,
                        connection().remote().lastStreamCreated(),
                        code.code(),
                        Unpooled.EMPTY_BUFFER,
                        ctx.newPromise());
        close(ingress.options().deadlines().linger()); // Who floods us may not read.
        try {
            connection().forEachActiveStream(stream -> {
                closed(stream);
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A head that is too large gets an answer; every other fault of a stream resets it. */
    @Override
    protected void onStreamError(ChannelHandlerContext ctx, boolean outbound, Throwable cause, StreamException broken) {
        if (broken instanceof HeaderListSizeException tooLarge
                && tooLarge.duringDecode()
                && connection().stream(broken.streamId()) == null) {
            try {
                Http2Stream stream = connection().remote().createStream(broken.streamId(), true);
                visitorOn(stream).refuse(Reply.headTooLarge(), null);
                return;
            } catch (Http2Exception e) {
                LOGGER.atTrace().setCause(e).log("no stream for an answer; resetting it");
            }
        }
        super.onStreamError(ctx, outbound, cause, broken);
    }

    // What streams do.

    VisitorConnection visitor() {
        return visitor;
    }

    ByteBufAllocator allocator() {
        return context.alloc();
    }

    /** Writes a head, or trailers; {@code sent} is told when it has left. */
    void writeHead(Http2Stream stream, Http2Headers headers, boolean last, @Nullable Runnable sent) {
        if (++untaken == Http2Limits.UNTAKEN_HEADS) {
            context.executor().execute(this::endForUntaken);
        }
        encoder()
                .writeHeaders(
                        context, stream.id(), headers, 0, last, promise(sent).addListener(headLeft));
        visitor.flushSoon();
    }

    /** Writes a piece of a body and takes it over; {@code sent} is told when it has left. */
    void writeData(Http2Stream stream, ByteBuf data, boolean last, Runnable sent) {
        encoder().writeData(context, stream.id(), data, 0, last, promise(sent));
        visitor.flushSoon();
    }

    /** Not by the encoder, which holds resets against the visitor: these are for what a target or we have done. */
    void reset(Http2Stream stream, Http2Error error) {
        try {
            // What waits for the flush alone goes first: behind a reset it would break the protocol (RFC 9113, 5.1).
            encoder().flowController().writePendingBytes();
        } catch (Http2Exception e) {
            onError(context, true, e);
            return;
        }
        resetStream(context, stream.id(), error.code(), context.newPromise());
        visitor.flushSoon();
    }

    /**
     * No window holds back heads, and a head alone ends its stream at once: a visitor that reads nothing could ask for more
     * and more of them. One that reads cannot have more on their way than streams.
     */
    private void endForUntaken() {
        Http2Exception why = Http2Exception.connectionError(
                Http2Error.ENHANCE_YOUR_CALM, "%d answers are not taken", Http2Limits.UNTAKEN_HEADS);
        onConnectionError(context, true, why, why);
    }

    /** Grants the visitor as much as was taken. */
    void consumed(Http2Stream stream, int bytes) {
        try {
            if (decoder().flowController().consumeBytes(stream, bytes)) {
                visitor.flushSoon();
            }
        } catch (Http2Exception e) {
            onError(context, true, e);
        }
    }

    /** Lets the visitor send further ahead on a stream. */
    void widen(Http2Stream stream, int growth) {
        if (growth > 0) {
            try {
                decoder().flowController().incrementWindowSize(stream, growth);
            } catch (Http2Exception e) {
                onError(context, true, e);
            }
        }
    }

    private ChannelPromise promise(@Nullable Runnable sent) {
        ChannelPromise promise = context.newPromise();
        if (sent != null) {
            promise.addListener(done -> {
                if (done.isSuccess()) { // Else the stream is over, and its visitor hears of that.
                    sent.run();
                }
            });
        }
        return promise;
    }

    /** An answer may have to wait for its visitor, who must not keep it here for ever. */
    void watchAnswers() {
        if (!unread.isSet() && !closing) {
            unread.in(ingress.options().deadlines().idle());
        }
    }

    private void cutUnread() {
        if (closing || connection().numActiveStreams() == 0) {
            return;
        }
        try {
            connection().forEachActiveStream(stream -> {
                Http2Visitor answered = stream.getProperty(visitorOfStream);
                if (answered != null) {
                    answered.cutIfUnread();
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        watchAnswers();
    }

    private Http2Visitor visitorOn(Http2Stream stream) {
        Http2Visitor created = new Http2Visitor(ingress, this, stream);
        stream.setProperty(visitorOfStream, created);
        return created;
    }

    private void closed(Http2Stream stream) {
        Http2Visitor gone = stream.getProperty(visitorOfStream);
        if (gone != null) {
            gone.closed();
        }
    }

    /** What comes in. */
    private final class Requests extends Http2Frames {
        @Override
        Http2ConnectionEncoder encoder() {
            return Http2Session.this.encoder();
        }

        @Override
        public void onHeadersRead(ChannelHandlerContext ctx, int id, Http2Headers headers, int padding, boolean last) {
            Http2Stream stream = connection().stream(id);
            Http2Visitor known = stream.getProperty(visitorOfStream);
            if (known == null) {
                visitorOn(stream).begin(headers, last);
            } else {
                known.onTrailers(headers);
            }
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext ctx, int id, int growth) {
            Http2Stream stream = connection().stream(id);
            Http2Visitor known = stream == null ? null : stream.getProperty(visitorOfStream);
            if (known != null) {
                known.onGranted();
            }
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean last) {
            Http2Visitor known = connection().stream(id).getProperty(visitorOfStream);
            return padding + (known == null ? data.readableBytes() : known.onData(data, last));
        }
    }

    /** When streams begin and end. */
    private final class Streams extends Http2ConnectionAdapter {
        @Override
        public void onStreamActive(Http2Stream stream) {
            deadline.clear();
        }

        @Override
        public void onStreamClosed(Http2Stream stream) {
            closed(stream);
            if (!closing && connection().numActiveStreams() == 0) {
                if (lastStreamSaid) {
                    finish();
                } else {
                    idleSinceNanos = System.nanoTime();
                    deadline.in(ingress.options().deadlines().idle(), idleSinceNanos);
                }
            }
        }
    }
}

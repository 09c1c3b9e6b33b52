package dev.culvert.edge.ingress;

import dev.culvert.lane.Splice;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A visitor that speaks HTTP/1.1 or 1.0: one exchange after the other on its connection, as long as both sides want it.
 * Runs on the channel's event loop.
 *
 * <p>A visitor that sends FIN may have left, or may still read: nothing tells the two apart at once. It gets its answer.
 * The kernel then asks with keep-alive probes, which a machine that has forgotten the connection answers with a reset:
 * within 80 seconds after a visitor that is really gone, its target sees it, however silent the target is. A visitor
 * that resets behind its FIN is noticed within 5 seconds, one that resets without, or to whom writing fails, at once.
 */
final class Http1Visitor extends ChannelInboundHandlerAdapter implements Visitor, OpenVisitors.Connection {
    /**
     * How long a connection waits for a next request, since the last one, before a drain closes it. The answer to that
     * request says that the connection closes; without this, a visitor who sends one request after the other would meet
     * the close instead. Who comes less often is most likely not about to.
     */
    private static final Duration LAST_WORD = Duration.ofSeconds(2);

    private static final Logger LOGGER = LoggerFactory.getLogger(Http1Visitor.class);

    private final Ingress ingress;
    private final FieldRoom fields;
    private final RequestDecoder decoder;
    private final ResponseEncoder encoder;
    private ChannelHandlerContext context;
    private VisitorConnection connection;
    private Deadline deadline;
    private @Nullable HttpExchange exchange;
    private boolean requestOpen;
    private boolean hasBody;
    private boolean bodyWaits;
    /** Whether {@link #deadline} is about a head that has begun. */
    private boolean inHead;

    private long idleSinceNanos = System.nanoTime();
    private boolean http10;
    private boolean keepAlive = true;
    private boolean closeDelimited;
    private boolean nextWaits;
    private boolean inputEnded;
    private boolean draining;
    private boolean closing;

    @SuppressWarnings("NullAway.Init") // What belongs to the channel comes with it.
    Http1Visitor(Ingress ingress, FieldRoom fields, RequestDecoder decoder, ResponseEncoder encoder) {
        this.ingress = ingress;
        this.fields = fields;
        this.decoder = decoder;
        this.encoder = encoder;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        connection = new VisitorConnection(ctx.channel(), ingress.options());
        deadline = new Deadline(ctx.channel().eventLoop(), this::tooLate);
        deadline.in(connection.arrival().left(ingress.options().deadlines().head()));
        ingress.visitors().add(ctx.channel(), this);
    }

    // What the visitor does.

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (closing || !ctx.channel().isActive()) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (message instanceof HttpRequest request) {
            begin(request);
        }
        if (message instanceof HttpContent content) {
            handOn(content);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        watchHead();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && inputEnded && closing) {
            LingeringClose.inputEnded(ctx.channel()); // With TLS there are two ends, and the socket's is the later one.
        } else if (event instanceof ChannelInputShutdownEvent && !inputEnded) {
            inputEnded = true;
            if (exchange != null) {
                Probes.start(ctx.channel());
            }
            afterInputEnded();
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        boolean writable = ctx.channel().isWritable();
        if (exchange != null) {
            exchange.onVisitorWritable(writable);
        }
        if (writable && nextWaits) {
            next();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        deadline.cancel(); // The connection speaks something else from here on.
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        deadline.cancel();
        leave("the visitor left");
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        boolean ofTls = cause instanceof DecoderException && cause.getCause() instanceof SSLException;
        if (!(cause instanceof IOException) && !ofTls) { // Those are visitors that leave, or send what is no TLS.
            LOGGER.atError()
                    .setCause(cause)
                    .addKeyValue("remote", connection.address())
                    .log("visitor connection failed; closing it");
        }
        leave("the visitor's connection failed");
        ctx.close();
    }

    private void begin(HttpRequest request) {
        deadline.clear();
        inHead = false;
        requestOpen = true;
        bodyWaits = false;
        hasBody = RequestHead.hasBody(request);
        http10 = RequestHead.isHttp10(request);
        encoder.answers(request.method());
        try {
            RequestHead head = RequestHead.of(request);
            connection.requireRightDoor(head);
            keepAlive = !draining && !fields.hasGrown() && HttpUtil.isKeepAlive(request);
            HttpExchange begun = new HttpExchange(ingress, this, head);
            exchange = begun;
            begun.start();
        } catch (RefusedException refused) {
            exchange = null;
            refuse(refused.reply(), request);
        }
    }

    private void handOn(HttpContent content) {
        boolean last = content instanceof LastHttpContent;
        if (last) {
            requestOpen = false;
            decoder.stop();
        }
        HttpExchange current = exchange;
        if (current == null) {
            content.release();
            if (last && !closing) {
                next(); // The answer was quicker than the end of the request.
            }
        } else if (content.decoderResult().isFailure()) {
            content.release();
            keepAlive = false;
            current.onMalformedBody();
        } else {
            current.onRequestContent(content);
        }
    }

    /** The node is about to stop: no request after the one under way, or the next. */
    @Override
    public void drain() {
        if (context.isRemoved()) {
            return; // It speaks HTTP/2, and whoever does that here was told as well.
        }
        draining = true;
        keepAlive = false;
        long idleNanos = idleNanos(System.nanoTime());
        if (idleNanos >= 0) {
            Duration idle = Duration.ofNanos(idleNanos);
            if (idle.compareTo(LAST_WORD) < 0) {
                deadline.in(LAST_WORD.minus(idle));
            } else {
                close();
            }
        }
    }

    @Override
    public long idleNanos(long now) {
        boolean idle = exchange == null && !requestOpen && !decoder.isInHead() && !closing;
        return idle ? now - idleSinceNanos : -1;
    }

    @Override
    public void giveWay() {
        closing = true;
        context.close();
    }

    @Override
    public void retireStreams() {
        connection.pinned().retireLeaving();
    }

    private void watchHead() {
        if (exchange == null && !closing && decoder.isInHead() && !inHead) {
            inHead = true;
            deadline.in(ingress.options().deadlines().head());
        }
    }

    private void tooLate() {
        if (decoder.isInHead()) {
            refuse(Reply.tooSlow(), null);
        } else {
            close();
        }
    }

    private void afterInputEnded() {
        if (closing) {
            LingeringClose.inputEnded(context.channel());
        } else if (decoder.isDecoding()) {
            return; // What is held comes first; whoever let it come looks again.
        } else if (exchange == null) {
            if (!nextWaits) {
                close(); // Between requests, or in a head that will never be whole.
            }
        } else if (requestOpen && !bodyWaits) {
            leave("the visitor's request was not complete");
            cut();
        }
    }

    private void refuse(Reply reply, @Nullable HttpRequest request) {
        keepAlive = false;
        if (request == null) {
            encoder.answers(HttpMethod.GET);
        }
        String accept = request == null ? null : request.headers().get(HttpHeaderNames.ACCEPT);
        FullHttpResponse page = Pages.of(reply, accept, context.alloc());
        ExchangeRecord.refused(ingress, () -> RefusedHead.of(request), connection, reply, page);
        sendReply(page);
        close();
    }

    private void leave(String how) {
        HttpExchange left = exchange;
        exchange = null;
        if (left != null) {
            left.onVisitorGone(how);
        }
        connection.pinned().end();
    }

    // What the exchange does.

    @Override
    public VisitorConnection connection() {
        return connection;
    }

    @Override
    public boolean isWritable() {
        return context.channel().isWritable();
    }

    @Override
    public void stopRequest() {
        bodyWaits = true;
        decoder.stop();
    }

    @Override
    public void resumeRequest() {
        if (bodyWaits && requestOpen) {
            bodyWaits = false;
            decoder.resume();
            if (inputEnded) {
                afterInputEnded();
            }
        }
    }

    @Override
    public void sendInterim(HttpResponse response) {
        if (!http10) {
            write(response);
            write(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    @Override
    public void sendHead(HttpResponse response) {
        HttpHeaders headers = response.headers();
        closeDelimited = false;
        if (!encoder.isContentAlwaysEmpty(response) && !headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
            if (http10) {
                closeDelimited = true;
                keepAlive = false;
            } else {
                headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
            }
        }
        if (!keepAlive) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else if (http10) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
        }
        write(response);
    }

    @Override
    public void send(HttpContent content) {
        write(content);
    }

    @Override
    public void sendReply(FullHttpResponse reply) {
        if (reply.status().equals(HttpResponseStatus.UPGRADE_REQUIRED)) {
            reply.headers()
                    .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                    .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        }
        if (requestOpen && hasBody) {
            keepAlive = false; // Its body would be read for nothing.
        }
        sendHead(reply);
    }

    @Override
    public void closeAfterwards() {
        keepAlive = false;
    }

    @Override
    public void exchangeEnded() {
        exchange = null;
        if (!keepAlive) {
            close();
        } else if (!requestOpen) {
            next();
        }
    }

    @Override
    public void cut() {
        closing = true;
        exchange = null;
        connection.pinned().end();
        context.flush();
        if (closeDelimited) {
            // An end of the connection would look like the end of the body, and so would that of TLS.
            context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            ChannelOutboundInvoker belowTls = context.pipeline().context(SslHandler.class);
            (belowTls == null ? context : belowTls).close();
        } else {
            context.close();
        }
    }

    @Override
    public void becomeRaw(HttpResponse switching, TargetConnection target, Splice.Listener ended) {
        write(switching);
        write(LastHttpContent.EMPTY_LAST_CONTENT);
        exchange = null;
        closing = true;
        deadline.cancel();
        connection.pinned().end();
        Channel channel = context.channel();
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.remove(encoder);
        pipeline.remove(this);
        target.joinTo(channel, ended);
        pipeline.remove(decoder); // What the visitor sent behind its request comes out as bytes.
        if (inputEnded) {
            pipeline.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    @Override
    public void becomeLane(LaneUpgrade upgrade) {
        exchange = null;
        closing = true;
        deadline.cancel();
        connection.pinned().end();
        Channel channel = context.channel();
        ingress.visitors().remove(channel);
        channel.pipeline().remove(this);
        upgrade.begin(channel, decoder, encoder);
        if (inputEnded) {
            channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    // The connection.

    /** The next request, which may be here already; but not before the visitor takes the answers to the earlier ones. */
    private void next() {
        fields.close();
        idleSinceNanos = System.nanoTime();
        deadline.in(ingress.options().deadlines().idle(), idleSinceNanos);
        nextWaits = !context.channel().isWritable();
        if (nextWaits) {
            return;
        }
        inHead = false;
        decoder.resume();
        if (inputEnded) {
            afterInputEnded();
        } else {
            watchHead();
        }
    }

    /** Closes when all is sent; until the visitor has closed too, what it sends is dropped, so that nothing is reset. */
    private void close() {
        if (closing) {
            return;
        }
        closing = true;
        deadline.cancel();
        connection.pinned().end();
        decoder.discard();
        LingeringClose.of(context.channel(), ingress.options().deadlines());
    }

    private void write(Object part) {
        context.write(part, context.voidPromise());
        connection.flushSoon();
    }
}

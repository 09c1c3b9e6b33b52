package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/**
 * Netty's decoder, made to stop: after each request, and whenever its body is to wait. Objects are handed on before the
 * next are decoded, so the bytes behind a request stay undecoded: they are the next request, or, once this handler is
 * removed after an upgrade, the new protocol's.
 *
 * <p>While stopped it goes on to read up to {@link #MAX_HELD_BYTES}, so that a visitor that leaves is noticed; then the
 * socket is left alone.
 *
 * <p>Stricter than Netty's: a folded field (obsolete since RFC 7230) is refused instead of unfolded, and the words of
 * the first line must be parted by one space each, and only an extension may follow a chunk's size. Folded
 * trailers are unfolded.
 */
final class RequestDecoder extends HttpRequestDecoder {
    /** The first line: what nginx and others allow at most in practice is 8 KiB. */
    static final int MAX_LINE_BYTES = 16 * 1024;
    /** The fields without their line ends; with the first line a head has 64 KiB. */
    static final int MAX_FIELDS_BYTES = 48 * 1024;
    /** What is read ahead while stopped. One read of the socket may come on top, up to 64 KiB. */
    static final int MAX_HELD_BYTES = 64 * 1024;

    private final FieldRoom fields;
    private final HeadScan scan = new HeadScan();
    private final ChunkScan chunks = new ChunkScan();
    private ChannelHandlerContext context;
    private boolean stopped;
    private boolean decoding;
    private boolean discarding;
    private boolean inBody;
    private boolean chunked;
    private boolean headBegun;

    @SuppressWarnings("NullAway.Init") // The context comes with the pipeline.
    RequestDecoder(FieldRoom fields) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_LINE_BYTES)
                .setMaxHeaderSize(MAX_FIELDS_BYTES)
                .setMaxChunkSize(MAX_HELD_BYTES)
                .setHeadersFactory(fields.heads())
                .setTrailersFactory(fields.trailers()));
        this.fields = fields;
    }

    /** Decodes no more until {@link #resume()}. */
    void stop() {
        stopped = true;
    }

    /** Goes on with what is there and with what comes. */
    void resume() {
        stopped = false;
        if (decoding) {
            return; // The loop that is running goes on by itself.
        } else if (heldBytes() > 0) {
            channelReadSafely(Unpooled.EMPTY_BUFFER);
        } else if (!context.isRemoved()) {
            context.channel().config().setAutoRead(true);
        }
    }

    /** Drops what is held and what comes. */
    void discard() {
        discarding = true;
        resume();
    }

    boolean isDecoding() {
        return decoding;
    }

    /** Whether a request's head has begun and is not complete. */
    boolean isInHead() {
        return headBegun;
    }

    /** How many bytes are held undecoded. */
    int heldBytes() {
        return actualReadableBytes();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object input) throws Exception {
        boolean outermost = !decoding;
        decoding = true;
        try {
            super.channelRead(ctx, input);
        } finally {
            if (outermost) {
                decoding = false;
                if (!ctx.isRemoved()) {
                    ctx.channel().config().setAutoRead(!isFull());
                }
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        if (isFull()) {
            ctx.fireChannelReadComplete(); // Netty's would read on, since nothing was decoded.
        } else {
            super.channelReadComplete(ctx);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent) {
            ctx.fireUserEventTriggered(event); // Netty's would drop what is held; the visitor still wants it answered.
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (discarding) {
            in.skipBytes(in.readableBytes());
            return;
        } else if (stopped) {
            return;
        }
        int from = in.readerIndex();
        if (inBody) {
            super.decode(ctx, in, out);
            if (chunked) {
                chunks.read(in, from, in.readerIndex());
                refuseStrayWhiteSpace(out);
            }
        } else {
            headBegun = true;
            super.decode(ctx, in, out);
            scan.read(in, from, in.readerIndex());
        }
        for (int at = 0; at < out.size(); at++) {
            Object decoded = out.get(at);
            if (decoded instanceof HttpRequest request) {
                headDecoded(request);
            }
            if (decoded instanceof LastHttpContent) {
                fields.settle();
                inBody = false;
                stopped = true;
            }
        }
    }

    /** The body ends here, broken: whoever gets that part cuts the request off. */
    private void refuseStrayWhiteSpace(List<Object> out) {
        if (chunks.foundFault()) {
            out.forEach(ReferenceCountUtil::release);
            out.clear();
            LastHttpContent broken = new DefaultLastHttpContent();
            broken.setDecoderResult(
                    DecoderResult.failure(new IllegalArgumentException("stray bytes at a chunk's size")));
            out.add(broken);
        }
    }

    @Override
    protected HttpMessage createMessage(String[] firstLine) throws Exception {
        HttpMessage message = super.createMessage(firstLine);
        fields.take(firstLine[1].length());
        return message;
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) throws Exception {
        fields.close();
        super.handlerRemoved0(ctx);
    }

    private void headDecoded(HttpRequest request) {
        fields.settle();
        if (scan.foundFault() && request.decoderResult().isSuccess()) {
            request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("stray white space")));
        }
        scan.reset();
        chunks.reset();
        headBegun = false;
        inBody = true;
        chunked = HttpUtil.isTransferEncodingChunked(request);
    }

    private boolean isFull() {
        return stopped && !discarding && heldBytes() >= MAX_HELD_BYTES;
    }

    private void channelReadSafely(ByteBuf bytes) {
        try {
            channelRead(context, bytes);
        } catch (Exception e) {
            context.fireExceptionCaught(e);
        }
    }
}

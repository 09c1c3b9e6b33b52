package dev.culvert.edge.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http2.Http2CodecUtil;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the first bytes of a visitor in plaintext: with HTTP/2's preface it speaks that without having asked ("prior
 * knowledge"), and the handlers of HTTP/1.1, which are there until then, make room. Their deadlines hold while the bytes
 * of a preface come one by one.
 */
final class Http2Preface extends ChannelInboundHandlerAdapter {
    /** {@code PRI * HTTP/2.0}, an empty line, {@code SM}, an empty line: no request of HTTP/1.1 begins so. */
    private static final ByteBuf PREFACE = Unpooled.unreleasableBuffer(Http2CodecUtil.connectionPrefaceBuf());

    private final Consumer<Channel> http2;
    private final List<ChannelHandler> http1;
    private @Nullable ByteBuf begun;

    /**
     * One for a new connection.
     *
     * @param http2 puts HTTP/2 behind what is in the pipeline
     * @param http1 the handlers behind this one
     */
    Http2Preface(Consumer<Channel> http2, List<ChannelHandler> http1) {
        this.http2 = http2;
        this.http1 = http1;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (begun != null) {
            bytes = Unpooled.wrappedBuffer(begun, bytes);
            begun = null;
        }
        int looked = Math.min(bytes.readableBytes(), PREFACE.readableBytes());
        boolean same = ByteBufUtil.equals(bytes, bytes.readerIndex(), PREFACE, PREFACE.readerIndex(), looked);
        if (same && looked < PREFACE.readableBytes()) {
            begun = bytes;
            return;
        }
        if (same) {
            http1.forEach(ctx.pipeline()::remove);
            http2.accept(ctx.channel());
        }
        ctx.pipeline().remove(this);
        ctx.fireChannelRead(bytes);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && begun != null) {
            ByteBuf bytes = begun;
            begun = null;
            ctx.fireChannelRead(bytes); // Whatever it is, it is no HTTP/2 any more.
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (begun != null) {
            begun.release();
            begun = null;
        }
    }
}

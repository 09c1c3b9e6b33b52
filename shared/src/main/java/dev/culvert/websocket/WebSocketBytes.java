package dev.culvert.websocket;

import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;

/**
 * Bytes in binary WebSocket messages and back. Where a message begins and ends means nothing: the lane's frames may span
 * messages or share one, and messages may come in fragments.
 */
final class WebSocketBytes extends ChannelDuplexHandler {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof BinaryWebSocketFrame || message instanceof ContinuationWebSocketFrame) {
            context.fireChannelRead(((WebSocketFrame) message).content());
            return;
        }
        try {
            if (message instanceof PingWebSocketFrame ping) {
                answer(context, ping);
            } else if (message instanceof CloseWebSocketFrame close) {
                context.writeAndFlush(close.retain()).addListener(ChannelFutureListener.CLOSE);
            } else if (!(message instanceof PongWebSocketFrame)) {
                throw new MalformedFrameException("a lane's WebSocket messages are binary");
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    /** Only while the peer reads: who pings and does not must not make us keep what it is owed. */
    private static void answer(ChannelHandlerContext context, PingWebSocketFrame ping) {
        if (context.channel().isWritable()) {
            context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        context.write(message instanceof ByteBuf bytes ? new BinaryWebSocketFrame(bytes) : message, promise);
    }
}

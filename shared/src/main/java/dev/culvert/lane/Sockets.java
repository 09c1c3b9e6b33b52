package dev.culvert.lane;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;

/**
 * Where Vert.x and Netty meet: the only place that knows Vert.x's internals. Takes the Netty channel out of a Vert.x
 * socket (Vert.x goes on to count the connection and closes it when its server or client is closed; the bytes are ours),
 * the event loop out of a context, the bytes out of a buffer; makes contexts.
 */
public final class Sockets {
    /** The name of Vert.x's own handler, which is the last of each pipeline. */
    private static final String VERTX_HANDLER = "handler";

    private Sockets() {}

    /**
     * Puts handlers before Vert.x's own, in this order. They must consume what is read, and hand on all events. From
     * here on the socket may be half-closed.
     *
     * <p>To be called on the socket's event loop, in the handler that was given the socket: later, bytes could have
     * gone by.
     */
    public static Channel takeOver(NetSocket socket, ChannelHandler... handlers) {
        Channel channel = ((NetSocketInternal) socket).channelHandlerContext().channel();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        append(channel, HalfClosedEpoll.INSTANCE);
        for (ChannelHandler handler : handlers) {
            append(channel, handler);
        }
        return channel;
    }

    /**
     * Closes a channel at once, without what is not written yet. {@link Channel#close()} passes Vert.x's handler, which waits
     * until the peer has read that: for ever, where it does not read. Nor does TLS say goodbye.
     */
    public static void closeNow(Channel channel) {
        ChannelHandlerContext first = channel.pipeline().firstContext();
        if (first != null) { // Else it is closed.
            first.close();
        }
    }

    /** The thread that a context runs on. */
    public static EventLoop eventLoopOf(Context context) {
        return ((ContextInternal) context).nettyEventLoop();
    }

    /** A context on the next of the event loops. It belongs to nobody, and nothing has to be closed with it. */
    public static Context nextLoop(Vertx vertx) {
        return ((VertxInternal) vertx).createEventLoopContext();
    }

    /** The bytes of a buffer that came from Vert.x: a view of the heap, which needs no release. */
    public static ByteBuf bytesOf(Buffer buffer) {
        return ((BufferInternal) buffer).getByteBuf();
    }

    /** Copies bytes to the end of a buffer; they stay the caller's. */
    public static void append(Buffer buffer, ByteBuf bytes) {
        buffer.appendBuffer(BufferInternal.buffer(bytes));
    }

    /** Puts a handler behind ours and before Vert.x's own, on a channel that was taken over. */
    public static void append(Channel channel, ChannelHandler handler) {
        ChannelPipeline pipeline = channel.pipeline();
        if (pipeline.get(VERTX_HANDLER) == null) {
            pipeline.addLast(handler);
        } else {
            pipeline.addBefore(VERTX_HANDLER, null, handler);
        }
    }
}

package dev.culvert.edge.localtunnel;

import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;

/**
 * A client's socket while no visitor needs it. What speaks first is closed: behind it is a target that says something
 * about a request that nobody has made (a Node server answers 408 to a connection that stays silent), and the next
 * visitor would read it as its answer.
 */
final class IdleSocket extends ChannelInboundHandlerAdapter {
    private final Channel channel;
    private final Consumer<IdleSocket> gone;
    private boolean inUse;

    /** @param gone told when it is closed before somebody has used it */
    IdleSocket(Channel channel, Consumer<IdleSocket> gone) {
        this.channel = channel;
        this.gone = gone;
        Sockets.append(channel, this);
    }

    /** Takes it for a visitor; it is in nobody's way any more. */
    Channel use() {
        inUse = true;
        return channel;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (inUse) {
            context.fireChannelRead(message);
        } else {
            ReferenceCountUtil.release(message);
            leave();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!inUse && event instanceof ChannelInputShutdownEvent) {
            leave();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!inUse) {
            leave();
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (inUse) {
            context.fireExceptionCaught(cause);
        } else {
            leave();
        }
    }

    private void leave() {
        gone.accept(this);
        channel.close();
    }
}

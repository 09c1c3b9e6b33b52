package dev.culvert.edge.localtunnel;

import dev.culvert.lane.Sockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A client's socket while no visitor needs it. What speaks first is closed: behind it is a target that says something
 * about a request that nobody has made (a Node server answers 408 to a connection that stays silent), and the next
 * visitor would read it as its answer.
 */
final class IdleSocket extends ChannelInboundHandlerAdapter {
    /** What speaks so soon after it was opened would do so again at once. */
    private static final Duration RASH = Duration.ofSeconds(1);

    /** How long such a socket is kept, so that its client does not open some thousand of them a second. */
    private static final Duration RASH_HELD = Duration.ofSeconds(5);

    private final Channel channel;
    private final Consumer<IdleSocket> gone;
    private final long openedNanos = System.nanoTime();
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

    boolean isInUse() {
        return inUse;
    }

    /** Whoever took it has not used it. */
    void rest() {
        inUse = false;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (inUse) {
            context.fireChannelRead(message);
        } else {
            ReferenceCountUtil.release(message);
            spoke();
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

    private void spoke() {
        if (System.nanoTime() - openedNanos >= RASH.toNanos()) {
            leave();
            return;
        }
        gone.accept(this);
        channel.config().setAutoRead(false);
        ScheduledFuture<?> end =
                channel.eventLoop().schedule(() -> channel.close(), RASH_HELD.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> end.cancel(false));
    }

    private void leave() {
        gone.accept(this);
        channel.close();
    }
}

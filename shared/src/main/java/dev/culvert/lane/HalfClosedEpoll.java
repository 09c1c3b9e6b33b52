package dev.culvert.lane;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a socket whose peer has ended its direction usable for the other one, on epoll.
 *
 * <p>Netty 4.2.17 takes a socket that waits for no event out of the epoll set, and fails when it wants it back
 * ({@code EpollIoHandler.DefaultEpollIoRegistration.submit} goes on to modify what it deleted: ENOENT). While a peer may
 * still write, its end is such an event; a half-closed socket has none left whenever its writes are done. The next write
 * that the kernel does not take at once then breaks the connection: a visitor who half-closes and reads slower than the
 * target writes lost the rest of its answer.
 *
 * <p>The flag EPOLLET asks for no event, but is one flag too many for Netty to delete the socket. It makes the events
 * that are left edge-triggered, which they may be: nothing is read any more, and Netty writes until the kernel takes no
 * more. Other transports need none of this.
 */
@ChannelHandler.Sharable
final class HalfClosedEpoll extends ChannelInboundHandlerAdapter {
    static final HalfClosedEpoll INSTANCE = new HalfClosedEpoll();

    /** {@code EPOLLET} of {@code sys/epoll.h}. */
    private static final int EDGE_TRIGGERED = 1 << 31;

    private static final String CHANNEL = "io.netty.channel.epoll.AbstractEpollChannel";
    private static final @Nullable Method SET_FLAG = setFlag();

    private HalfClosedEpoll() {}

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && isEpoll(context.channel())) {
            keep(context.channel());
        }
        context.fireUserEventTriggered(event);
    }

    private static boolean isEpoll(Channel channel) {
        return SET_FLAG != null && SET_FLAG.getDeclaringClass().isInstance(channel);
    }

    private static void keep(Channel channel) {
        try {
            if (SET_FLAG != null) {
                SET_FLAG.invoke(channel, EDGE_TRIGGERED);
            }
        } catch (IllegalAccessException | InvocationTargetException e) {
            channel.pipeline().fireExceptionCaught(e);
        }
    }

    /** Null where there is no epoll, or another Netty than the one that needs it. */
    private static @Nullable Method setFlag() {
        try {
            Method method = Class.forName(CHANNEL).getDeclaredMethod("setFlag", int.class);
            method.setAccessible(true);
            return method;
        } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
            return null;
        }
    }
}

package dev.culvert.lane;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a socket whose peer has ended its direction usable for the other one, on epoll, and notices when that peer is gone.
 *
 * <p>Netty 4.2.17 takes a socket that waits for no event out of the epoll set, and fails when it wants it back
 * ({@code EpollIoHandler.DefaultEpollIoRegistration.submit} goes on to modify what it deleted: ENOENT). While a peer may
 * still write, its end is such an event; a half-closed socket has none left whenever its writes are done. The next write
 * that the kernel does not take at once then breaks the connection: a visitor who half-closes and reads slower than the
 * target writes lost the rest of its answer.
 *
 * <p>The flag EPOLLET asks for no event, but is one flag too many for Netty to delete the socket. It makes the events
 * that are left edge-triggered, which they may be: nothing is read any more, and Netty writes until the kernel takes no
 * more. Other transports need none of that.
 *
 * <p>Nor does Netty say that such a socket has died, by a reset or because probes were not answered: what the kernel reports
 * would be told by reading, and at the end of the input nothing is read any more. Whoever had nothing to write kept it for
 * ever. So the kernel is asked.
 */
@ChannelHandler.Sharable
final class HalfClosedEpoll extends ChannelInboundHandlerAdapter {
    /**
     * How often the kernel is asked: it costs a system call, and those that wait half-closed are few. Soon, compared with the
     * minute that the kernel takes to find out that a peer is gone.
     */
    static final HalfClosedEpoll INSTANCE = new HalfClosedEpoll(Duration.ofSeconds(5));

    /** {@code EPOLLET} of {@code sys/epoll.h}. */
    private static final int EDGE_TRIGGERED = 1 << 31;

    /** {@code TCP_CLOSE} of {@code netinet/tcp.h}: the kernel has given the connection up. */
    private static final int DEAD = 7;

    private static final String CHANNEL = "io.netty.channel.epoll.AbstractEpollChannel";
    private static final @Nullable Method SET_FLAG = setFlag();

    private final Duration interval;

    /** @param interval how often the kernel is asked whether the connection still stands */
    HalfClosedEpoll(Duration interval) {
        this.interval = interval;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && isEpoll(context.channel())) {
            keep(context.channel());
            if (context.channel() instanceof EpollSocketChannel tcp) {
                watch(tcp); // Of a Unix socket the other end is on this machine: there is no network to lose it.
            }
        }
        context.fireUserEventTriggered(event);
    }

    private static boolean isEpoll(Channel channel) {
        return SET_FLAG != null && SET_FLAG.getDeclaringClass().isInstance(channel);
    }

    private void watch(EpollSocketChannel channel) {
        long millis = interval.toMillis();
        ScheduledFuture<?> asking = channel.eventLoop()
                .scheduleWithFixedDelay(() -> closeIfDead(channel), millis, millis, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> asking.cancel(false));
    }

    private static void closeIfDead(EpollSocketChannel channel) {
        if (channel.isOpen() && channel.tcpInfo().state() == DEAD) {
            channel.close();
        }
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

package dev.culvert.agent.localtunnel;

import dev.culvert.lane.SocketStream;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.vertx.core.net.NetSocket;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * A socket to the server: idle until the first byte of a visitor comes, and that visitor's stream from then on. Runs on
 * the socket's event loop.
 */
final class DataSocket extends ChannelInboundHandlerAdapter {
    /** Less than the minute after which routers and balancers forget connections that stand still. */
    private static final int KEEP_ALIVE_SECONDS = 45;

    /** How often the server is asked again, and how far apart, before it counts as gone. */
    private static final int KEEP_ALIVE_PROBES = 3;

    private static final int KEEP_ALIVE_INTERVAL_SECONDS = 10;

    private final Channel channel;
    private final Events events;
    private final long connectedNanos = System.nanoTime();
    private @Nullable TunnelStream stream;
    private boolean served;

    /** What becomes of a socket. On its event loop; also within {@link #on}, when it is closed already. */
    interface Events {
        /** A visitor came: their bytes are in the stream, none of which has been delivered. */
        void onVisitor(DataSocket socket, TunnelStream stream);

        /** It is closed. */
        void onClosed(DataSocket socket);
    }

    private DataSocket(Channel channel, Events events) {
        this.channel = channel;
        this.events = events;
    }

    /**
     * Takes a socket, in the handler that was given it.
     *
     * @param host what the target is to find in Host; null for what visitors asked for
     */
    static DataSocket on(NetSocket socket, @Nullable String host, Events events) {
        Channel channel = Sockets.takeOver(socket);
        keepAlive(channel);
        DataSocket taken = new DataSocket(channel, events);
        Sockets.append(channel, taken);
        if (host != null) {
            Sockets.append(channel, new HostRewriter(host));
        }
        taken.stream = SocketStream.on(channel, CloseReason.CANCELLED);
        channel.config().setAutoRead(true);
        channel.closeFuture().addListener(closed -> events.onClosed(taken));
        return taken;
    }

    /** Whether a visitor has come through it. */
    boolean hasServed() {
        return served;
    }

    /** For how long it has been connected. */
    long nanos() {
        return System.nanoTime() - connectedNanos;
    }

    /** Closes it, whatever is not written yet. */
    void close() {
        Sockets.closeNow(channel);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        TunnelStream opened = stream;
        if (!served && opened != null) {
            served = true;
            events.onVisitor(this, opened);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !served) {
            channel.close(); // Nobody listens to the stream who would do it.
        }
        context.fireUserEventTriggered(event);
    }

    /** A server that is gone without a word is noticed, and what stands between is kept from forgetting the connection. */
    private static void keepAlive(Channel channel) {
        ChannelConfig config = channel.config();
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        if (channel instanceof EpollSocketChannel) {
            config.setOption(EpollChannelOption.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS);
            config.setOption(EpollChannelOption.TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL_SECONDS);
            config.setOption(EpollChannelOption.TCP_KEEPCNT, KEEP_ALIVE_PROBES);
        } else if (channel instanceof NioSocketChannel) { // Says false where the system has none of them.
            config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), KEEP_ALIVE_SECONDS);
            config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), KEEP_ALIVE_INTERVAL_SECONDS);
            config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEP_ALIVE_PROBES);
        }
    }
}

package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameCodec;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A lane on a Netty channel, behind the {@link dev.culvert.wire.FrameCodec}. */
final class ChannelTransport extends ChannelInboundHandlerAdapter implements LaneTransport {
    private static final Logger LOGGER = LoggerFactory.getLogger(ChannelTransport.class);

    /**
     * What may wait in the process for the socket, in bytes: streams take turns only above it, so it is small, but two
     * pieces at least, so that the socket never runs dry.
     */
    private static final WriteBufferWaterMark QUEUE = new WriteBufferWaterMark(32 * 1024, 64 * 1024);

    /** What may wait unsent in the kernel, in bytes: below it the streams' turns would be of no use. */
    private static final int KERNEL_QUEUE_BYTES = 128 * 1024;

    /**
     * What may wait in the process in all, in bytes: the OPENs of ten thousand visitors, which is more than come before
     * a silent peer is given up, so that only one that makes us answer and does not read gets there.
     */
    private static final long MOST_QUEUED_BYTES = 4L * 1024 * 1024;

    /**
     * How long the last words may take to get out and the peer to close its side, in milliseconds: a peer that does
     * neither must not keep us.
     */
    private static final int LINGER_MILLIS = 1000;

    private final Channel channel;
    private final Lane lane;

    /** Takes a channel whose last handlers read and write bytes of frames. */
    ChannelTransport(Channel channel, Lane lane, LaneOptions options) {
        this.lane = lane;
        this.channel = channel;
        Sockets.append(channel, new GatheredWrites());
        Sockets.append(channel, new FrameCodec());
        Sockets.append(channel, this);
        channel.config().setWriteBufferWaterMark(QUEUE);
        if (!channel.isActive()) {
            ended("the connection was closed");
        } else if (channel instanceof EpollSocketChannel) {
            channel.config().setOption(ChannelOption.TCP_NODELAY, true);
            channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) KERNEL_QUEUE_BYTES);
            channel.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, (int)
                    KeepAlive.longestSilence(options).toMillis());
        }
    }

    @Override
    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    @Override
    public void write(Frame frame) {
        channel.write(frame, channel.voidPromise());
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean isWritable() {
        return channel.isWritable();
    }

    @Override
    public boolean isOverrun() {
        return channel.isActive() && channel.bytesBeforeWritable() > MOST_QUEUED_BYTES;
    }

    /** Closed at once, with bytes of the peer unread, the connection would be reset, and our last words lost. */
    @Override
    public void close() {
        Supplier<Object> farewell = channel.attr(LaneTransport.FAREWELL).get();
        Object last = farewell == null ? Unpooled.EMPTY_BUFFER : farewell.get();
        channel.writeAndFlush(last).addListener(written -> {
            boolean peerMayBeSending = channel instanceof DuplexChannel duplex && !duplex.isInputShutdown();
            if (written.isSuccess() && peerMayBeSending) {
                SslHandler tls = channel.pipeline().get(SslHandler.class);
                if (tls == null) {
                    ((DuplexChannel) channel).shutdownOutput();
                } else {
                    tls.closeOutbound();
                }
                channel.config().setAutoRead(true); // Frames are dropped from here on; what counts is the end.
            } else {
                channel.close();
            }
        });
        channel.eventLoop().schedule(() -> Sockets.closeNow(channel), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        lane.receive((Frame) message);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        lane.writabilityChanged();
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
            lane.transportEnded("the peer closed the connection");
            channel.close();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lane.transportEnded("the connection was closed");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof MalformedFrameException) {
            lane.close(CloseReason.PROTOCOL_ERROR, String.valueOf(cause.getMessage()));
        } else if (cause instanceof IOException || cause instanceof DecoderException) {
            ended(String.valueOf(cause.getMessage()));
        } else {
            LOGGER.atError().setCause(cause).log("lane's frames cannot be handled; lane closed");
            channel.eventLoop().execute(() -> lane.close(CloseReason.INTERNAL, "internal error"));
        }
    }

    /** Later: a write may be what failed, and the stream that asked for it is not to be called from within it. */
    private void ended(String detail) {
        channel.eventLoop().execute(() -> lane.transportEnded(detail));
    }
}

package dev.culvert.edge.lanes;

import dev.culvert.wire.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells what came to the lane port by its first byte: TLS, a lane's first frame, whose length begins with 0 or 1, or what
 * belongs elsewhere and gets an answer that its sender understands. Takes itself out of the way of lanes.
 */
final class LaneStart extends ChannelInboundHandlerAdapter {
    /** The type of a TLS record with a ClientHello. */
    private static final int TLS_HANDSHAKE = 22;

    /** A fatal alert in a record of its own: handshake failure. */
    private static final byte[] TLS_REFUSAL = {21, 3, 3, 0, 2, 2, 40};

    /** How long the answer may take to get out and the peer to close its side. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final String PAGE =
            "This is the port of a Culvert edge for agents, and they speak no HTTP here. Visitors have another one.\n";

    private final LanePort port;
    private final boolean secure;
    private @Nullable ScheduledFuture<?> timer;
    private boolean refused;

    /**
     * Waits for the first byte.
     *
     * @param secure whether TLS is behind it already
     */
    LaneStart(LanePort port, boolean secure) {
        this.port = port;
        this.secure = secure;
    }

    /** Who says nothing is closed when a lane without HELLO would be. */
    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        timer = context.executor()
                .schedule(
                        () -> context.close(),
                        port.lanes().options().handshakeTimeout().toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (refused || !bytes.isReadable()) {
            bytes.release();
            return;
        }
        int first = bytes.getUnsignedByte(bytes.readerIndex());
        if (first == TLS_HANDSHAKE && port.certificates() != null && !secure) {
            goOn(context, bytes, new LaneTls(port, port.certificates()));
        } else if (first == TLS_HANDSHAKE && !secure) {
            refuse(context, bytes, TLS_REFUSAL);
        } else if (first >= 'A' && first <= 'Z') { // As every method of HTTP does.
            refuse(context, bytes, page());
        } else if (secure || port.takesPlain(context.channel())) {
            port.lanes().accept(context.channel());
            context.fireChannelRead(bytes);
            context.pipeline().remove(this);
        } else {
            AgentLane.accept(context.channel(), port.lanes())
                    .close(
                            CloseReason.UNAUTHORIZED,
                            "this edge takes agents of other machines by TLS only: write tls:// before its name");
            bytes.release();
            context.pipeline().remove(this);
        }
    }

    private void goOn(ChannelHandlerContext context, ByteBuf bytes, ChannelHandler next) {
        context.pipeline().addAfter(context.name(), null, next);
        context.fireChannelRead(bytes);
        context.pipeline().remove(this);
    }

    private void refuse(ChannelHandlerContext context, ByteBuf bytes, byte[] answer) {
        bytes.release();
        refused = true;
        Channel channel = context.channel();
        // Closed at once, with bytes of the peer unread, the connection would be reset, and the answer lost.
        channel.writeAndFlush(Unpooled.wrappedBuffer(answer)).addListener(sent -> {
            if (channel instanceof DuplexChannel duplex && sent.isSuccess()) {
                duplex.shutdownOutput();
            } else {
                channel.close();
            }
        });
        context.executor().schedule(() -> context.close(), LINGER.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static byte[] page() {
        return ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nCulvert-Error: lane_port\r\n"
                        + "Content-Length: %d\r\nConnection: close\r\n\r\n%s")
                .formatted(PAGE.length(), PAGE)
                .getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            context.close();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // A peer that left before it said anything.
    }
}

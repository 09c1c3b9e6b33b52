package dev.culvert.lane;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.wire.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * A stream and a socket joined: what comes out of one goes into the other, with back-pressure, half-close and reset in
 * both directions.
 *
 * <p>The socket's side of back-pressure: bytes go in only while it is writable, the rest waits within the stream's
 * window; nothing is read while the stream is not writable. Bytes count as consumed once the socket has taken them.
 * Runs on the event loop that stream and channel share.
 *
 * <p>A peer that closes before it has taken all may have answered: a web server that has refused an upload does. Where
 * {@link ChannelOption#AUTO_CLOSE} is off, what it has sent is read to its end before the stream is reset.
 */
public final class Splice extends ChannelInboundHandlerAdapter implements TunnelStream.Listener {
    private final TunnelStream stream;
    private final Channel channel;
    private final CloseReason brokenReason;
    private final Listener listener;
    private final PendingBytes waiting;
    private boolean streamFinished;
    private boolean channelFinished;
    private boolean outputShutAsked;
    private boolean outputShut;
    /** Why the socket takes no more, once it has failed at that. */
    private @Nullable String outputFailure;

    private boolean ended;
    private final Runnable flushing = this::flush;
    private boolean flushScheduled;
    private long bytesIn;
    private long bytesOut;

    /** Hears of the end. Called on the event loop, once. */
    public interface Listener {
        /**
         * Both directions are over.
         *
         * @param bytesIn what the socket sent
         * @param bytesOut what the socket was sent
         */
        void onEnded(long bytesIn, long bytesOut);
    }

    private Splice(TunnelStream stream, Channel channel, CloseReason brokenReason, Listener listener) {
        this.stream = stream;
        this.channel = channel;
        this.brokenReason = brokenReason;
        this.listener = listener;
        this.waiting = new PendingBytes(channel.alloc());
    }

    /**
     * Joins the two. On their event loop; the handlers of the channel's pipeline before Vert.x's own hand on bytes.
     *
     * @param brokenReason what the stream is reset with when the socket breaks
     */
    @CanIgnoreReturnValue
    public static Splice join(TunnelStream stream, Channel channel, CloseReason brokenReason, Listener listener) {
        Splice splice = new Splice(stream, channel, brokenReason, listener);
        Sockets.append(channel, splice);
        stream.listen(splice);
        if (!channel.isActive()) {
            splice.broken("the connection was closed");
        } else if (!splice.ended) {
            if (channel instanceof DuplexChannel duplex && duplex.isInputShutdown()) {
                // Before we were there to hear it; but what handlers still hold goes first.
                channel.eventLoop().execute(splice::inputEnded);
            }
            channel.config().setAutoRead(stream.isWritable());
        }
        return splice;
    }

    // The socket's events.

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        bytesIn += bytes.readableBytes();
        stream.write(bytes);
        if (!stream.isWritable()) {
            channel.config().setAutoRead(false);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        drain();
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        broken("the connection was closed");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        failed(cause);
    }

    // The stream's events.

    @Override
    public void onBytes(ByteBuf bytes) {
        if (ended) {
            bytes.release();
        } else if (outputFailure != null) {
            stream.consumed(bytes.readableBytes());
            bytes.release();
        } else if (waiting.isEmpty() && channel.isWritable()) {
            handOn(bytes);
        } else {
            waiting.add(bytes);
        }
    }

    @Override
    public void onWritable() {
        channel.config().setAutoRead(true);
    }

    @Override
    public void onFinish() {
        streamFinished = true;
        shutOutputWhenDrained();
    }

    @Override
    public void onReset(StreamReset reset) {
        if (!ended) {
            end();
            // The far end did not finish, so this one must not look as if it had: the peer gets a reset, not an end,
            // and with TLS no close_notify either.
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            Sockets.closeNow(channel);
        }
    }

    private void inputEnded() {
        if (outputFailure != null) {
            broken(outputFailure); // What came may be all there was, or not.
        } else if (!channelFinished && !ended) {
            channelFinished = true;
            stream.finish();
            endIfBothFinished();
        }
    }

    /** The socket takes no more, or it is broken. */
    private void failed(Throwable cause) {
        boolean mayStillBeRead = cause instanceof ChannelOutputShutdownException && !channelFinished;
        if (!mayStillBeRead) {
            broken(String.valueOf(cause.getMessage()));
        } else if (outputFailure == null && !ended) {
            Throwable reason = cause.getCause() == null ? cause : cause.getCause();
            outputFailure = String.valueOf(reason.getMessage());
            stream.consumed(waiting.bytes());
            waiting.release();
        }
    }

    private void drain() {
        while (channel.isWritable()) {
            ByteBuf bytes = waiting.poll(Integer.MAX_VALUE);
            if (bytes == null) {
                shutOutputWhenDrained();
                return;
            }
            handOn(bytes);
        }
    }

    private void handOn(ByteBuf bytes) {
        int size = bytes.readableBytes();
        bytesOut += size;
        channel.write(bytes, channel.voidPromise());
        stream.consumed(size);
        if (!channel.isWritable()) {
            channel.flush();
        } else if (!flushScheduled) {
            flushScheduled = true;
            channel.eventLoop().execute(flushing);
        }
    }

    private void flush() {
        flushScheduled = false;
        channel.flush();
    }

    private void shutOutputWhenDrained() {
        if (!streamFinished || outputShutAsked || outputFailure != null || ended || !waiting.isEmpty()) {
            return;
        }
        outputShutAsked = true;
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (!written.isSuccess()) {
                failed(written.cause());
                return;
            }
            outputShut = true;
            if (tls != null) {
                tls.closeOutbound();
            } else if (channel instanceof DuplexChannel duplex && channel.isActive()) {
                duplex.shutdownOutput();
            }
            endIfBothFinished();
        });
    }

    private void endIfBothFinished() {
        if (channelFinished && outputShut && !ended) {
            end();
            channel.close();
        }
    }

    private void broken(String detail) {
        if (!ended) {
            stream.reset(brokenReason, detail);
            end();
            Sockets.closeNow(channel);
        }
    }

    private void end() {
        ended = true;
        waiting.release();
        listener.onEnded(bytesIn, bytesOut);
    }
}

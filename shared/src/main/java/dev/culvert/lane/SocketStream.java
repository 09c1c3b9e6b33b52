package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;

/**
 * A whole socket as one stream, for peers that know no lanes: what is written to the stream goes out of the socket, and
 * what the socket reads comes out of the stream.
 *
 * <p>A socket that waited for its use ({@link #onWaiting}) is no worse for a use that ended before a byte went either way.
 *
 * <p>The socket is read while less than {@link #MOST_UNCONSUMED_BYTES} wait for the listener. Who is at the other end
 * says nothing about what it has handed on, so after a break nothing is proven undelivered.
 *
 * <p>A peer that closes before it has taken all may have answered: a web server that has refused an upload does. What it
 * has sent is read to its end before the stream is reset, as in {@link Splice}.
 */
public final class SocketStream extends ChannelInboundHandlerAdapter implements TunnelStream {
    /** As much as a lane's stream begins with; what one read brings may go beyond it. */
    private static final int MOST_UNCONSUMED_BYTES = LaneOptions.DEFAULT.streamWindowBytes();

    private final Channel channel;
    private final CloseReason brokenReason;
    private final @Nullable Runnable untouched;
    private final Inbox inbox;
    private final Runnable flushing = this::flush;
    private int unconsumedBytes;
    /** Something has gone one way or the other, if only an end. */
    private boolean touched;

    private boolean writing;
    private boolean flushScheduled;
    private boolean outputShutAsked;
    private boolean outputShut;
    /** Why the socket takes no more, once it has failed at that. */
    private @Nullable String outputFailure;

    private boolean ended;

    private SocketStream(Channel channel, CloseReason brokenReason, @Nullable Runnable untouched) {
        this.channel = channel;
        this.brokenReason = brokenReason;
        this.untouched = untouched;
        this.inbox = new Inbox(channel.alloc());
    }

    /**
     * Makes a stream of a channel that was {@linkplain Sockets#takeOver taken over} and is open. On its event loop, before
     * bytes for the stream have been read.
     *
     * @param brokenReason what the stream is reset with when the socket breaks
     */
    public static SocketStream on(Channel channel, CloseReason brokenReason) {
        return on(channel, brokenReason, null);
    }

    /**
     * The same of a socket that is one of several which wait to be used, and whose peer must see no reset.
     *
     * @param untouched called, on the event loop, in place of an end when the stream is reset before a byte has gone
     *     either way: the socket is as it was, and not this stream's any more
     */
    public static SocketStream onWaiting(Channel channel, CloseReason brokenReason, Runnable untouched) {
        return on(channel, brokenReason, untouched);
    }

    private static SocketStream on(Channel channel, CloseReason brokenReason, @Nullable Runnable untouched) {
        SocketStream stream = new SocketStream(channel, brokenReason, untouched);
        channel.config().setAutoClose(false);
        Sockets.append(channel, stream);
        return stream;
    }

    @Override
    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    @Override
    public void listen(Listener newListener) {
        if (inbox.listen(newListener)) {
            endIfBothFinished();
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (ended || outputFailure != null) {
            bytes.release();
            return;
        }
        touched = true;
        writing = true;
        channel.write(bytes, channel.voidPromise());
        writing = false;
        flushSoon();
    }

    @Override
    public boolean isWritable() {
        return !ended && (channel.isWritable() || outputFailure != null);
    }

    @Override
    public void finish() {
        if (ended || outputShutAsked || outputFailure != null) {
            return;
        }
        touched = true;
        outputShutAsked = true;
        channel.write(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (written.isSuccess() && channel.isActive() && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput().addListener(shut -> {
                    outputShut = true;
                    endIfBothFinished();
                });
            }
        });
        flushSoon();
    }

    @Override
    public void reset(CloseReason reason, String detail) {
        if (ended) {
            return;
        }
        end();
        if (untouched == null) {
            // The peer gets a reset: an end would look as if all had been said.
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            Sockets.closeNow(channel);
        } else if (touched || !channel.isActive()) {
            channel.close();
        } else {
            channel.pipeline().remove(this);
            untouched.run();
        }
    }

    @Override
    public void reset(StreamReset reset) {
        reset(reset.reason(), reset.detail());
    }

    @Override
    public void consumed(int bytes) {
        unconsumedBytes -= bytes;
        if (!ended && unconsumedBytes < MOST_UNCONSUMED_BYTES) {
            channel.config().setAutoRead(true);
        }
    }

    /** Goes nowhere: the peer has no way to hear it. */
    @Override
    public void report(Exchange exchange) {}

    // The socket's events.

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (ended) {
            bytes.release();
            return;
        }
        touched = true;
        unconsumedBytes += bytes.readableBytes();
        if (unconsumedBytes >= MOST_UNCONSUMED_BYTES) {
            channel.config().setAutoRead(false);
        }
        inbox.bytes(bytes);
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
        if (channel.isWritable()) {
            tellWritable();
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        broken("the connection was closed");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (writing) {
            channel.eventLoop().execute(() -> failed(cause)); // The listener hears nothing within a call to the stream.
        } else {
            failed(cause); // At once: Netty says after it that the input has ended, which would look like a clean end.
        }
    }

    private void inputEnded() {
        if (outputFailure != null) {
            broken(outputFailure); // What came may be all there was, or not.
        } else if (!ended) {
            touched = true;
            inbox.finish();
            endIfBothFinished();
        }
    }

    /** The socket takes no more, or it is broken. */
    private void failed(Throwable cause) {
        boolean mayStillBeRead = cause instanceof ChannelOutputShutdownException && !inbox.isFinished();
        if (!mayStillBeRead) {
            broken(String.valueOf(cause.getMessage()));
        } else if (outputFailure == null && !ended) {
            Throwable reason = cause.getCause() == null ? cause : cause.getCause();
            outputFailure = String.valueOf(reason.getMessage());
            tellWritable(); // What is written from here on is dropped.
        }
    }

    private void broken(String detail) {
        if (ended) {
            return;
        }
        ended = true;
        Sockets.closeNow(channel);
        inbox.reset(new StreamReset(brokenReason, StreamReset.UNKNOWN, detail));
    }

    private void tellWritable() {
        Listener listener = inbox.listener();
        if (listener != null && !ended) {
            listener.onWritable();
        }
    }

    private void flushSoon() {
        if (!flushScheduled) {
            flushScheduled = true;
            channel.eventLoop().execute(flushing);
        }
    }

    private void flush() {
        flushScheduled = false;
        channel.flush();
    }

    private void endIfBothFinished() {
        if (inbox.isFinishHeard() && outputShut && !ended) {
            end();
            channel.close();
        }
    }

    private void end() {
        ended = true;
        inbox.close();
    }
}

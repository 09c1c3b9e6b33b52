package dev.culvert.edge.ingress;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Closes a visitor connection so that the last answer arrives: closing a socket with unread bytes makes the kernel reset
 * it, and the reset overtakes the answer. First our direction ends; the socket closes when the visitor has closed its
 * own, or after a while.
 */
final class LingeringClose {
    private LingeringClose() {}

    /**
     * Begins to close, once what was written is sent. Whoever reads goes on, drops what comes, and calls
     * {@link #inputEnded} when the visitor closes.
     *
     * @param deadlines how long the visitor may take to read what is left for it, and then to close
     */
    static void of(Channel channel, IngressOptions.Deadlines deadlines) {
        of(channel, deadlines.idle(), deadlines.linger());
    }

    /**
     * The same with these limits.
     *
     * @param reading how long the visitor may take to read what is left for it
     * @param closing how long it may then take to close
     */
    static void of(Channel channel, Duration reading, Duration closing) {
        channel.config().setAutoRead(true);
        closeAfter(channel, reading);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
            if (channel instanceof DuplexChannel duplex && !duplex.isInputShutdown() && channel.isActive()) {
                SslHandler tls = channel.pipeline().get(SslHandler.class);
                if (tls == null) {
                    duplex.shutdownOutput();
                } else {
                    tls.closeOutbound().addListener(said -> duplex.shutdownOutput());
                }
                closeAfter(channel, closing);
            } else {
                channel.close();
            }
        });
    }

    /** The visitor's direction is over: with ours over too, the socket closes. */
    static void inputEnded(Channel channel) {
        if (channel instanceof DuplexChannel duplex && duplex.isOutputShutdown()) {
            channel.close();
        }
    }

    private static void closeAfter(Channel channel, Duration most) {
        ScheduledFuture<?> timer =
                channel.eventLoop().schedule(() -> channel.close(), most.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> timer.cancel(false));
    }
}

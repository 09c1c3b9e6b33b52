package dev.culvert.edge.ingress;

import dev.culvert.lane.WaitingWriters;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * Hands what is written until the next flush to TLS in one piece, without copying it, so that it fills its records.
 * Netty's handler would copy all that is not as long as a record together first. Stands between that handler, which it
 * tells to take pieces as they are, and {@code GatheredWrites}, which has joined the small ones: a piece here is 2 KiB or
 * more, or the only one before such a piece.
 *
 * <p>Who waits for a piece hears of it once all that went with it has left. On the channel's event loop.
 */
final class WholeRecords extends ChannelOutboundHandlerAdapter {
    /** What is handed on at most at once, in bytes, and one piece more: a few records, encrypted into one buffer. */
    private static final int MOST_BYTES = 64 * 1024;

    /** Pieces in one buffer before it would begin to copy them together: more than {@link #MOST_BYTES} can have. */
    private static final int MOST_PIECES = 1024;

    private @Nullable ByteBuf first;
    private @Nullable CompositeByteBuf joined;

    private final WaitingWriters waiting = new WaitingWriters();

    /** Puts one behind the handler of TLS, once it has shaken hands. */
    static void on(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        tls.setWrapDataSize(0);
        channel.pipeline().addAfter(channel.pipeline().context(tls).name(), null, new WholeRecords());
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf bytes) || !bytes.isReadable()) {
            passOn(context);
            context.write(message, promise);
            return;
        }
        waiting.add(promise);
        if (first == null) {
            first = bytes;
        } else {
            if (joined == null) {
                joined = context.alloc().compositeBuffer(MOST_PIECES).addComponent(true, first);
            }
            joined.addComponent(true, bytes);
        }
        if ((joined == null ? bytes : joined).readableBytes() >= MOST_BYTES) {
            passOn(context);
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        passOn(context);
        context.flush();
    }

    /** What was not flushed is dropped, as with every channel that closes. */
    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        ByteBuf left = joined == null ? first : joined;
        first = null;
        joined = null;
        if (left != null) {
            left.release();
        }
        waiting.fail();
    }

    private void passOn(ChannelHandlerContext context) {
        ByteBuf bytes = joined == null ? first : joined;
        first = null;
        joined = null;
        if (bytes != null) {
            context.write(bytes, waiting.promise(context));
        }
    }
}

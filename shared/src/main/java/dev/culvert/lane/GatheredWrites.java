package dev.culvert.lane;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;

/**
 * Joins what is written in small pieces until the next flush, so that the kernel gets one buffer instead of many, and a
 * small slice does not keep the large buffer that it was cut from waiting for a slow reader. The first handler of a
 * pipeline, before any codec.
 *
 * <p>Pieces of more than {@link #MOST_COPIED_BYTES} are passed on as they are. What is gathered, at most
 * {@link #MOST_GATHERED_BYTES}, does not count for the channel's writability. Who waits for a piece hears of it once the
 * whole buffer has left. On the channel's event loop.
 */
public final class GatheredWrites extends ChannelOutboundHandlerAdapter {
    /** Up to here a piece is cheaper to copy than to hand to the kernel on its own, in bytes. */
    private static final int MOST_COPIED_BYTES = 2 * 1024;

    /** What is gathered at most before it is passed on, in bytes. */
    private static final int MOST_GATHERED_BYTES = 16 * 1024;

    /** The room for a first piece at least, in bytes: most turns of a quiet connection need no more. */
    private static final int FIRST_BYTES = 512;

    private ByteBuf gathered = Unpooled.EMPTY_BUFFER;

    /** The room for the next turn's first piece, in bytes: what the last turn needed, so that busy ones move nothing. */
    private int firstBytes = FIRST_BYTES;

    /** Whether something was written since the last flush; what was before this handler counts. */
    private boolean written = true;

    private final WaitingWriters waiting = new WaitingWriters();

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        written = true;
        if (message instanceof ByteBuf bytes && bytes.isReadable() && bytes.readableBytes() <= MOST_COPIED_BYTES) {
            gather(context, bytes);
            waiting.add(promise);
        } else if (message instanceof ByteBuf bytes && !bytes.isReadable() && promise.isVoid()) {
            bytes.release();
        } else {
            passOn(context);
            context.write(message, promise);
        }
    }

    /** Ends here where there is nothing to flush: TLS would make something of it, encrypting nothing. */
    @Override
    public void flush(ChannelHandlerContext context) {
        passOn(context);
        if (written) {
            written = false;
            context.flush();
        }
    }

    /** What was not flushed is dropped, as with every channel that closes. */
    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        gathered.release();
        gathered = Unpooled.EMPTY_BUFFER;
        waiting.fail();
    }

    private void gather(ChannelHandlerContext context, ByteBuf bytes) {
        if (gathered.readableBytes() + bytes.readableBytes() > MOST_GATHERED_BYTES) {
            passOn(context);
        }
        if (!gathered.isReadable()) {
            gathered = context.alloc().ioBuffer(Math.max(firstBytes, bytes.readableBytes()));
        }
        gathered.writeBytes(bytes);
        bytes.release();
    }

    private void passOn(ChannelHandlerContext context) {
        if (gathered.isReadable()) {
            ByteBuf bytes = gathered;
            gathered = Unpooled.EMPTY_BUFFER;
            firstBytes = Math.max(FIRST_BYTES, 2 * Integer.highestOneBit(bytes.readableBytes()));
            context.write(bytes, waiting.promise(context));
        }
    }
}

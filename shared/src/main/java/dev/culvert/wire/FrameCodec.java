package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/**
 * The codec of a lane's pipeline: bytes to {@link Frame}s and back. A DATA payload is not copied, but for a small one
 * that is written.
 *
 * <p>After a {@link MalformedFrameException} what still arrives is dropped: nobody knows where its frames begin. A large
 * DATA frame is written as header and payload, one after the other: who writes frames when the channel's writability
 * changes must not do so within another write.
 */
public final class FrameCodec extends ChannelDuplexHandler {
    /** Up to here a payload is cheaper to copy behind its header than to write on its own, in bytes. */
    private static final int MOST_COPIED_BYTES = 2 * 1024;

    private final FrameReader reader = new FrameReader();
    private boolean broken;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            if (!broken) {
                reader.read(bytes, context::fireChannelRead);
            }
        } catch (MalformedFrameException e) {
            broken = true;
            throw e;
        } finally {
            bytes.release();
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof Frame.Data data) {
            writeData(context, data, promise);
        } else if (message instanceof Frame frame) {
            context.write(FrameWriter.write(frame, context.alloc()), promise);
        } else {
            context.write(message, promise);
        }
    }

    private static void writeData(ChannelHandlerContext context, Frame.Data data, ChannelPromise promise) {
        if (data.payload().readableBytes() <= MOST_COPIED_BYTES) {
            ByteBuf whole = FrameWriter.writeWhole(data, context.alloc());
            data.payload().release();
            context.write(whole, promise);
            return;
        }
        ByteBuf header;
        try {
            header = FrameWriter.write(data, context.alloc());
        } catch (IllegalArgumentException e) {
            data.payload().release();
            throw e;
        }
        context.write(header, context.voidPromise());
        context.write(data.payload(), promise);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        reader.close();
    }
}

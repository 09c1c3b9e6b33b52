package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/**
 * The codec of a lane's pipeline: bytes to {@link Frame}s and back. A DATA payload is copied in neither direction.
 *
 * <p>After a {@link MalformedFrameException} what still arrives is dropped: nobody knows where its frames begin. A DATA
 * frame is written as header and payload, one after the other: who writes frames when the channel's writability changes
 * must not do so within another write.
 */
public final class FrameCodec extends ChannelDuplexHandler {
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

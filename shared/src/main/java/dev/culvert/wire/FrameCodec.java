package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/** The codec of a lane's pipeline: bytes to {@link Frame}s and back. A DATA payload is copied in neither direction. */
public final class FrameCodec extends ChannelDuplexHandler {
    private final FrameReader reader = new FrameReader();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            reader.read(bytes, context::fireChannelRead);
        } finally {
            bytes.release();
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof Frame.Data data) {
            context.write(FrameWriter.write(data, context.alloc()), context.voidPromise());
            context.write(data.payload(), promise);
        } else if (message instanceof Frame frame) {
            context.write(FrameWriter.write(frame, context.alloc()), promise);
        } else {
            context.write(message, promise);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        reader.close();
    }
}

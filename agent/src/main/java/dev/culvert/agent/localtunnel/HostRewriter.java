package dev.culvert.agent.localtunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Replaces the host in the first request that comes through a socket, as Node's client does for {@code --local-host}: for
 * development servers that check it. This is all that the agent knows of HTTP on its way to a target.
 *
 * <p>The head is kept until its Host field is complete, and goes on untouched when it ends without one or grows beyond
 * {@link #MOST_HEAD_BYTES}. What comes after that field is never looked at, later requests included: an edge gives each
 * socket one request, so there none is missed; the reference server may give it several, of which the first alone is
 * rewritten, by Node's client as by this.
 */
final class HostRewriter extends ByteToMessageDecoder {
    /** Eight times what Node's servers take. */
    static final int MOST_HEAD_BYTES = 128 * 1024;

    private static final byte[] FIELD = "host:".getBytes(StandardCharsets.US_ASCII);

    private final String host;

    /** Up to here there are whole lines without the field. */
    private int looked;

    HostRewriter(String host) {
        this.host = host;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        int start = in.readerIndex();
        while (true) {
            int line = start + looked;
            int end = in.indexOf(line, in.writerIndex(), (byte) '\n');
            if (end < 0) {
                if (in.readableBytes() > MOST_HEAD_BYTES) {
                    leave(context);
                }
                return;
            }
            if (isField(in, line)) {
                out.add(in.readRetainedSlice(line + FIELD.length - start));
                out.add(context.alloc().buffer().writeBytes((" " + host + "\r\n").getBytes(StandardCharsets.US_ASCII)));
                in.readerIndex(end + 1);
                leave(context);
                return;
            }
            looked = end + 1 - start;
            boolean blank = end == line || (end == line + 1 && in.getByte(line) == '\r');
            if (blank && line > start) {
                leave(context);
                return;
            }
        }
    }

    /** What is left goes on as it is. */
    private void leave(ChannelHandlerContext context) {
        context.pipeline().remove(this);
    }

    @Override
    protected void decodeLast(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.isReadable()) {
            out.add(in.readRetainedSlice(in.readableBytes()));
        }
    }

    private static boolean isField(ByteBuf in, int line) {
        if (in.writerIndex() - line < FIELD.length) {
            return false;
        }
        for (int i = 0; i < FIELD.length; i++) {
            if (Character.toLowerCase(in.getByte(line + i)) != FIELD[i]) {
                return false;
            }
        }
        return true;
    }
}

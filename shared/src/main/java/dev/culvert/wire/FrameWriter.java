package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;

/** Turns frames into bytes. */
public final class FrameWriter {
    private FrameWriter() {}

    /**
     * The header and payload of a frame that is not DATA; of a DATA frame, only the header, which its payload follows.
     *
     * @return the caller's to release
     */
    public static ByteBuf write(Frame frame, ByteBufAllocator allocator) {
        if (frame instanceof Frame.Data data) {
            return writeDataHeader(data, allocator.ioBuffer(Frame.HEADER_BYTES));
        }
        ByteBuf out = allocator.ioBuffer(64);
        out.writeZero(Frame.HEADER_BYTES);
        int type = writePayload(frame, out);
        int payloadBytes = out.readableBytes() - Frame.HEADER_BYTES;
        out.setMedium(0, payloadBytes);
        out.setByte(3, type);
        out.setInt(4, frame.streamId());
        if (payloadBytes > Frame.MAX_CONTROL_BYTES) {
            out.release();
            throw new IllegalArgumentException("frame of type %d would have %d bytes; at most %d are allowed"
                    .formatted(type, payloadBytes, Frame.MAX_CONTROL_BYTES));
        }
        return out;
    }

    private static ByteBuf writeDataHeader(Frame.Data data, ByteBuf out) {
        return out.writeMedium(data.payload().readableBytes())
                .writeByte(FrameType.DATA)
                .writeInt(data.streamId());
    }

    /** Appends the payload and returns the type. In the order of how often each is sent. */
    private static int writePayload(Frame frame, ByteBuf out) {
        if (frame instanceof Frame.Credit credit) {
            out.writeInt(credit.bytes());
            return FrameType.CREDIT;
        } else if (frame instanceof Frame.Open open) {
            writeOpen(open, out);
            return FrameType.OPEN;
        } else if (frame instanceof Frame.Fin fin) {
            out.writeLong(fin.deliveredBytes());
            return FrameType.FIN;
        } else if (frame instanceof Frame.Event event) {
            writeExchange(event.exchange(), out);
            return FrameType.EVENT;
        } else if (frame instanceof Frame.Reset reset) {
            out.writeByte(reset.reason().code()).writeLong(reset.deliveredBytes());
            writeDetail(reset.detail(), out);
            return FrameType.RESET;
        } else if (frame instanceof Frame.Ping ping) {
            out.writeLong(ping.token());
            return FrameType.PING;
        } else if (frame instanceof Frame.Pong pong) {
            out.writeLong(pong.token());
            return FrameType.PONG;
        } else if (frame instanceof Frame.GoAway goAway) {
            writeGoAway(goAway, out);
            return FrameType.GOAWAY;
        } else if (frame instanceof Frame.BindFrame bind) {
            return writeJson(bind.bind().toJson(), out, FrameType.BIND);
        } else if (frame instanceof Frame.BoundFrame bound) {
            return writeJson(bound.bound().toJson(), out, FrameType.BOUND);
        } else if (frame instanceof Frame.UnbindFrame unbind) {
            return writeJson(unbind.unbind().toJson(), out, FrameType.UNBIND);
        } else if (frame instanceof Frame.HelloFrame hello) {
            return writeJson(hello.hello().toJson(), out, FrameType.HELLO);
        } else if (frame instanceof Frame.WelcomeFrame welcome) {
            return writeJson(welcome.welcome().toJson(), out, FrameType.WELCOME);
        }
        throw new IllegalStateException("no layout for " + frame);
    }

    private static void writeOpen(Frame.Open open, ByteBuf out) {
        StreamRequest request = open.request();
        writeTagged(ControlFrames.TAG_TUNNEL, request.tunnel(), out);
        out.writeByte(ControlFrames.TAG_KIND)
                .writeShort(1)
                .writeByte(request.kind().code());
        writeTagged(ControlFrames.TAG_VISITOR, request.visitor(), out);
        out.writeByte(ControlFrames.TAG_RECEIVE_WINDOW).writeShort(4).writeInt(open.receiveWindowBytes());
        out.writeByte(ControlFrames.TAG_SEND_WINDOW).writeShort(4).writeInt(open.sendWindowBytes());
        if (request.attempt() > 0) {
            out.writeByte(ControlFrames.TAG_ATTEMPT).writeShort(1).writeByte(request.attempt());
        }
        if (request.traceId() != 0) {
            out.writeByte(ControlFrames.TAG_TRACE_ID).writeShort(8).writeLong(request.traceId());
        }
    }

    private static void writeTagged(int tag, String value, ByteBuf out) {
        out.writeByte(tag);
        writeShortText(value, out);
    }

    private static void writeExchange(Exchange exchange, ByteBuf out) {
        writeShortText(exchange.tunnel(), out);
        writeShortText(exchange.visitor(), out);
        writeShortText(exchange.method(), out);
        writeShortText(exchange.path(), out);
        out.writeShort(exchange.status())
                .writeLong(exchange.requestBytes())
                .writeLong(exchange.responseBytes())
                .writeLong(exchange.startedAtMillis())
                .writeLong(exchange.firstByteMicros())
                .writeLong(exchange.totalMicros());
    }

    private static void writeGoAway(Frame.GoAway goAway, ByteBuf out) {
        // Offsets beyond what one frame holds are left out: a peer that misses one must assume the worst.
        int count = Math.min(goAway.delivered().size(), 4096);
        out.writeByte(goAway.reason().code()).writeInt(goAway.lastStreamId()).writeShort(count);
        for (Frame.GoAway.Delivered delivered : goAway.delivered().subList(0, count)) {
            out.writeInt(delivered.streamId()).writeLong(delivered.bytes());
        }
        writeDetail(goAway.detail(), out);
    }

    private static int writeJson(JsonObject json, ByteBuf out, int type) {
        out.writeCharSequence(json.encode(), StandardCharsets.UTF_8);
        return type;
    }

    private static void writeShortText(String text, ByteBuf out) {
        int lengthAt = out.writerIndex();
        out.writeShort(0);
        out.setShort(lengthAt, ByteBufUtil.writeUtf8(out, text));
    }

    private static void writeDetail(String detail, ByteBuf out) {
        // One char becomes three bytes of UTF-8 at most.
        int most = Frame.Reset.MAX_DETAIL_BYTES / 3;
        ByteBufUtil.writeUtf8(out, detail.length() <= most ? detail : detail.substring(0, most));
    }
}

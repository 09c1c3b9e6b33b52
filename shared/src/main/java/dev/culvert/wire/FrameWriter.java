package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;

/** Turns frames into bytes. Text that is too long for its frame is cut, at a whole character. */
public final class FrameWriter {
    /** Longest text with its length before it, in bytes of UTF-8: as many as fit into one frame still fit together. */
    static final int MAX_SHORT_TEXT_BYTES = 8 * 1024;

    /** The room for a frame that is not DATA at first, in bytes: most that tell of an exchange need no more. */
    private static final int CONTROL_BYTES = 256;

    /** Most offsets in one GOAWAY: 48 KiB, which leaves room for the rest. */
    static final int MAX_OFFSETS = 4096;

    private FrameWriter() {}

    /**
     * The header and payload of a frame that is not DATA; of a DATA frame, only the header, which its payload follows.
     *
     * @return the caller's to release
     * @throws IllegalArgumentException when the frame would be larger than its kind may be
     */
    public static ByteBuf write(Frame frame, ByteBufAllocator allocator) {
        if (frame instanceof Frame.Data data) {
            int bytes = data.payload().readableBytes();
            if (bytes > Frame.MAX_DATA_BYTES) {
                throw new IllegalArgumentException(
                        "DATA would have %d bytes; at most %d are allowed".formatted(bytes, Frame.MAX_DATA_BYTES));
            }
            return writeDataHeader(data, allocator.ioBuffer(Frame.HEADER_BYTES));
        }
        ByteBuf out = allocator.ioBuffer(CONTROL_BYTES);
        boolean written = false;
        try {
            writeControl(frame, out);
            written = true;
            return out;
        } finally {
            if (!written) {
                out.release();
            }
        }
    }

    /**
     * A DATA frame with a copy of its payload, which stays the caller's and is of a size that may be sent.
     *
     * @return the caller's to release
     */
    static ByteBuf writeWhole(Frame.Data data, ByteBufAllocator allocator) {
        ByteBuf payload = data.payload();
        int bytes = payload.readableBytes();
        return writeDataHeader(data, allocator.ioBuffer(Frame.HEADER_BYTES + bytes))
                .writeBytes(payload, payload.readerIndex(), bytes);
    }

    private static void writeControl(Frame frame, ByteBuf out) {
        out.writeZero(Frame.HEADER_BYTES);
        int type = writePayload(frame, out);
        int payloadBytes = out.readableBytes() - Frame.HEADER_BYTES;
        if (payloadBytes > Frame.MAX_CONTROL_BYTES) {
            throw new IllegalArgumentException("frame of type %d would have %d bytes; at most %d are allowed"
                    .formatted(type, payloadBytes, Frame.MAX_CONTROL_BYTES));
        }
        out.setMedium(0, payloadBytes).setByte(3, type).setInt(4, frame.streamId());
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
            out.writeByte(ControlFrames.TAG_ATTEMPT).writeShort(1).writeByte(Math.min(request.attempt(), 255));
        }
        if (request.traceId() != 0) {
            out.writeByte(ControlFrames.TAG_TRACE_ID).writeShort(8).writeLong(request.traceId());
        }
        if (!request.reached().isEmpty()) {
            writeTagged(ControlFrames.TAG_REACHED, request.reached(), out);
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
        int count = Math.min(goAway.delivered().size(), MAX_OFFSETS);
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
        out.setShort(lengthAt, ByteBufUtil.writeUtf8(out, cut(text, MAX_SHORT_TEXT_BYTES)));
    }

    private static void writeDetail(String detail, ByteBuf out) {
        ByteBufUtil.writeUtf8(out, cut(detail, Frame.Reset.MAX_DETAIL_BYTES));
    }

    /** The longest beginning of a text that has at most so many bytes in UTF-8 and ends with a whole character. */
    private static String cut(String text, int mostBytes) {
        // One char becomes three bytes at most, so that most texts need not be counted.
        if (text.length() <= mostBytes / 3 || ByteBufUtil.utf8Bytes(text) <= mostBytes) {
            return text;
        }
        int bytes = 0;
        int end = 0;
        while (true) {
            int character = text.codePointAt(end);
            bytes += character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
            if (bytes > mostBytes) {
                return text.substring(0, end);
            }
            end += Character.charCount(character);
        }
    }
}

package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads the payloads of all frames but DATA; {@link FrameWriter} writes them. Layouts: {@code docs/protocol.md}. */
final class ControlFrames {
    /** Fields of OPEN: a tag (u8), a length (u16), a value. Unknown tags are skipped. */
    static final int TAG_TUNNEL = 1;

    static final int TAG_KIND = 2;
    static final int TAG_VISITOR = 3;
    static final int TAG_RECEIVE_WINDOW = 4;
    static final int TAG_SEND_WINDOW = 5;
    static final int TAG_ATTEMPT = 6;
    static final int TAG_TRACE_ID = 7;
    static final int TAG_REACHED = 8;

    private ControlFrames() {}

    /**
     * The frame with this whole payload.
     *
     * @param payload stays the caller's; nothing of it is kept
     */
    static Frame read(int type, int streamId, ByteBuf payload) {
        try {
            return switch (type) {
                case FrameType.HELLO -> new Frame.HelloFrame(Handshake.read(payload, Hello::of));
                case FrameType.WELCOME -> new Frame.WelcomeFrame(Handshake.read(payload, Welcome::of));
                case FrameType.BIND -> new Frame.BindFrame(Handshake.read(payload, Bind::of));
                case FrameType.BOUND -> new Frame.BoundFrame(Handshake.read(payload, Bound::of));
                case FrameType.UNBIND -> new Frame.UnbindFrame(Handshake.read(payload, Unbind::of));
                case FrameType.OPEN -> readOpen(ofStream(streamId), payload);
                case FrameType.FIN -> new Frame.Fin(ofStream(streamId), readCount(payload));
                case FrameType.RESET ->
                    new Frame.Reset(
                            ofStream(streamId),
                            CloseReason.of(payload.readUnsignedByte()),
                            readCount(payload),
                            readRest(payload));
                case FrameType.CREDIT -> new Frame.Credit(streamId, readPositive(payload, "credit"));
                case FrameType.EVENT -> new Frame.Event(ofStream(streamId), readExchange(payload));
                case FrameType.PING -> new Frame.Ping(payload.readLong());
                case FrameType.PONG -> new Frame.Pong(payload.readLong());
                case FrameType.GOAWAY -> readGoAway(payload);
                default -> throw new MalformedFrameException("frame type %d is not known".formatted(type));
            };
        } catch (IndexOutOfBoundsException e) {
            throw new MalformedFrameException("frame of type %d is shorter than its fields".formatted(type));
        }
    }

    private static Frame readOpen(int streamId, ByteBuf payload) {
        String tunnel = "";
        String visitor = "";
        String reached = "";
        StreamRequest.Kind kind = StreamRequest.Kind.HTTP;
        int receiveWindowBytes = 0;
        int sendWindowBytes = 0;
        int attempt = 0;
        long traceId = 0;
        while (payload.isReadable()) {
            int tag = payload.readUnsignedByte();
            ByteBuf value = payload.readSlice(payload.readUnsignedShort());
            switch (tag) {
                case TAG_TUNNEL -> tunnel = readRest(value);
                case TAG_KIND -> kind = StreamRequest.Kind.of(value.readUnsignedByte());
                case TAG_VISITOR -> visitor = readRest(value);
                case TAG_RECEIVE_WINDOW -> receiveWindowBytes = readPositive(value, "receive window");
                case TAG_SEND_WINDOW -> sendWindowBytes = readPositive(value, "send window");
                case TAG_ATTEMPT -> attempt = value.readUnsignedByte();
                case TAG_TRACE_ID -> traceId = value.readLong();
                case TAG_REACHED -> reached = readRest(value);
                default -> {
                    // A newer peer's.
                }
            }
        }
        if (tunnel.isEmpty() || receiveWindowBytes == 0 || sendWindowBytes == 0) {
            throw new MalformedFrameException("OPEN lacks its tunnel or a window");
        }
        StreamRequest request = new StreamRequest(tunnel, kind, visitor, reached, attempt, traceId);
        return new Frame.Open(streamId, request, receiveWindowBytes, sendWindowBytes);
    }

    private static Exchange readExchange(ByteBuf payload) {
        return new Exchange(
                readShortText(payload),
                readShortText(payload),
                readShortText(payload),
                readShortText(payload),
                payload.readUnsignedShort(),
                readCount(payload),
                readCount(payload),
                readCount(payload),
                readCount(payload),
                readCount(payload));
    }

    private static Frame readGoAway(ByteBuf payload) {
        CloseReason reason = CloseReason.of(payload.readUnsignedByte());
        int lastStreamId = payload.readInt();
        if (lastStreamId < 0) {
            throw new MalformedFrameException("GOAWAY's last stream id has its highest bit set");
        }
        int count = payload.readUnsignedShort();
        List<Frame.GoAway.Delivered> delivered = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            delivered.add(new Frame.GoAway.Delivered(readPositive(payload, "stream id"), readCount(payload)));
        }
        return new Frame.GoAway(reason, lastStreamId, delivered, readRest(payload));
    }

    private static int ofStream(int streamId) {
        if (streamId == 0) {
            throw new MalformedFrameException("frame of a stream says stream 0");
        }
        return streamId;
    }

    private static long readCount(ByteBuf payload) {
        long count = payload.readLong();
        if (count < 0) {
            throw new MalformedFrameException("a count is negative");
        }
        return count;
    }

    private static int readPositive(ByteBuf payload, String what) {
        int value = payload.readInt();
        if (value <= 0) {
            throw new MalformedFrameException("%s must be positive, was %d".formatted(what, value));
        }
        return value;
    }

    private static String readShortText(ByteBuf payload) {
        return readRest(payload.readSlice(payload.readUnsignedShort()));
    }

    private static String readRest(ByteBuf payload) {
        return payload.readCharSequence(payload.readableBytes(), StandardCharsets.UTF_8)
                .toString();
    }
}

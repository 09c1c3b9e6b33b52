package dev.culvert.edge.relay;

import dev.culvert.lane.Sockets;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/**
 * One message of a link between two nodes.
 *
 * <pre>
 *   u8 version | u8 kind | u8 length, sender | u8 length, receiver | u32 sender's epoch | u32 receiver's epoch
 *   | u64 sequence | u64 acknowledged | body
 * </pre>
 *
 * The header is the same in all versions, so that a message of a version that is not spoken can be refused.
 *
 * @param version what the body follows
 * @param kind what the body is
 * @param sender the id of the node that sends, new at each of its starts
 * @param receiver the id of the node that is meant; after a restart another one has its place
 * @param senderEpoch which of the sender's links it belongs to: they are numbered
 * @param receiverEpoch which of the receiver's links it belongs to; 0 as long as the sender has not heard
 * @param sequence counts the messages of the sender in this link, from 1; 0 in {@link Kind#CLOSED}
 * @param acknowledged the last sequence that arrived from the receiver; {@link #UNKNOWN} when the sender cannot say
 * @param body whole frames, or why the link is closed. Outgoing, whoever sends the message releases it when it is
 *     written; incoming, a view of a heap buffer that needs no release
 */
record LinkMessage(
        int version,
        Kind kind,
        String sender,
        String receiver,
        int senderEpoch,
        int receiverEpoch,
        long sequence,
        long acknowledged,
        ByteBuf body) {

    /** What this release speaks. */
    static final int VERSION = 1;

    /** As {@link #acknowledged}. */
    static final long UNKNOWN = -1;

    /** What a message is. */
    enum Kind {
        /** Frames of the lane inside. */
        FRAMES(1),
        /** The sender knows no such link (any more). The body is a reason (u8) and a sentence. Never answered. */
        CLOSED(2),
        /** What only another version knows, of which a message is refused whatever it is. Never written. */
        UNKNOWN(0);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        static Kind of(int code, int version) {
            if (code == FRAMES.code) {
                return FRAMES;
            } else if (code == CLOSED.code) {
                return CLOSED;
            } else if (version != VERSION) {
                return UNKNOWN;
            }
            throw new MalformedFrameException("a message of a link is of kind %d, which is not known".formatted(code));
        }
    }

    /** Why a link is closed. */
    record Closing(CloseReason reason, String detail) {
        ByteBuf toBody() {
            ByteBuf body = Unpooled.buffer(64).writeByte(reason.code());
            ByteBufUtil.writeUtf8(body, detail);
            return body;
        }
    }

    /** Why the link is closed, of a {@link Kind#CLOSED}. */
    Closing closing() {
        if (!body.isReadable()) {
            return new Closing(CloseReason.INTERNAL, "");
        }
        CloseReason reason = CloseReason.of(body.getUnsignedByte(body.readerIndex()));
        return new Closing(
                reason, body.toString(body.readerIndex() + 1, body.readableBytes() - 1, StandardCharsets.UTF_8));
    }

    /** Appends the message: the one copy of the body on this side that is ours. */
    void appendTo(Buffer out) {
        ByteBuf header = Unpooled.buffer(128);
        header.writeByte(version).writeByte(kind.code);
        writeId(sender, header);
        writeId(receiver, header);
        header.writeInt(senderEpoch).writeInt(receiverEpoch).writeLong(sequence).writeLong(acknowledged);
        // Together, so that the buffer grows once.
        Sockets.append(out, Unpooled.wrappedBuffer(header, body.duplicate()));
    }

    /**
     * Reads the message that begins at a position and ends with the buffer.
     *
     * @throws MalformedFrameException when it is none
     */
    static LinkMessage read(Buffer buffer, int position) {
        ByteBuf in = Sockets.bytesOf(buffer).skipBytes(position);
        try {
            int version = in.readUnsignedByte();
            return new LinkMessage(
                    version,
                    Kind.of(in.readUnsignedByte(), version),
                    readId(in),
                    readId(in),
                    in.readInt(),
                    in.readInt(),
                    in.readLong(),
                    in.readLong(),
                    in);
        } catch (IndexOutOfBoundsException e) {
            throw new MalformedFrameException("a link's message is shorter than its header");
        }
    }

    private static void writeId(String id, ByteBuf out) {
        int lengthAt = out.writerIndex();
        out.writeByte(0);
        out.setByte(lengthAt, ByteBufUtil.writeUtf8(out, id));
    }

    private static String readId(ByteBuf in) {
        return in.readCharSequence(in.readUnsignedByte(), StandardCharsets.UTF_8)
                .toString();
    }
}

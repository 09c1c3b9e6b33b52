package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;

/**
 * Turns a lane's bytes into frames, however they are cut.
 *
 * <p>Data is handed on as it arrives, as slices of what was read: a frame whose payload comes in three reads becomes
 * three {@link Frame.Data}. All other frames are collected until they are whole; their size is bounded by
 * {@link Frame#MAX_CONTROL_BYTES}, and nothing is set aside for a length before its bytes are there.
 *
 * <p>Not thread-safe: one reader for each lane, on the lane's event loop. After a {@link MalformedFrameException} it
 * must not be used again, only {@linkplain #close() closed}.
 */
public final class FrameReader {
    private final ByteBuf header = Unpooled.buffer(Frame.HEADER_BYTES, Frame.HEADER_BYTES);
    private ByteBuf partialPayload = Unpooled.EMPTY_BUFFER;
    private int type;
    private int streamId;
    private int payloadBytesLeft;

    /**
     * Reads all that is readable.
     *
     * @param in stays the caller's; slices of it are retained for the payloads
     * @param sink takes each frame, and with it the ownership of its payload; when it throws, reading stops
     * @throws MalformedFrameException when the bytes are not frames of this protocol
     */
    public void read(ByteBuf in, Consumer<Frame> sink) {
        while (in.isReadable()) {
            if (header.isWritable() && !readHeader(in)) {
                return;
            }
            if (type == FrameType.DATA) {
                readData(in, sink);
            } else if (!readControl(in, sink)) {
                return;
            }
        }
    }

    /** Whether the bytes so far end between two frames. */
    public boolean betweenFrames() {
        return header.writerIndex() == 0;
    }

    /** What is set aside for an unfinished frame, in bytes. */
    int collectedCapacity() {
        return partialPayload.capacity();
    }

    /** Releases what was collected of an unfinished frame. */
    public void close() {
        partialPayload.release();
        partialPayload = Unpooled.EMPTY_BUFFER;
    }

    private boolean readHeader(ByteBuf in) {
        in.readBytes(header, Math.min(header.writableBytes(), in.readableBytes()));
        if (header.isWritable()) {
            return false;
        }
        payloadBytesLeft = header.getUnsignedMedium(0);
        type = header.getUnsignedByte(3);
        streamId = header.getInt(4);
        int most = type == FrameType.DATA ? Frame.MAX_DATA_BYTES : Frame.MAX_CONTROL_BYTES;
        if (payloadBytesLeft > most) {
            throw new MalformedFrameException(
                    "frame of type %d says %d bytes; at most %d are allowed".formatted(type, payloadBytesLeft, most));
        }
        if (streamId < 0) {
            throw new MalformedFrameException("stream id has its highest bit set");
        }
        if (type == FrameType.DATA && streamId == 0) {
            throw new MalformedFrameException("data for stream 0");
        }
        return true;
    }

    private void readData(ByteBuf in, Consumer<Frame> sink) {
        int bytes = Math.min(payloadBytesLeft, in.readableBytes());
        payloadBytesLeft -= bytes;
        if (payloadBytesLeft == 0) {
            header.clear();
        }
        if (bytes > 0) {
            sink.accept(new Frame.Data(streamId, in.readRetainedSlice(bytes)));
        }
    }

    private boolean readControl(ByteBuf in, Consumer<Frame> sink) {
        int missing = payloadBytesLeft - partialPayload.readableBytes();
        if (in.readableBytes() < missing) {
            if (in.isReadable()) {
                collect(in);
            }
            return false;
        }
        header.clear();
        if (!partialPayload.isReadable()) {
            deliver(in.readSlice(missing), sink);
            return true;
        }
        ByteBuf payload = partialPayload;
        partialPayload = Unpooled.EMPTY_BUFFER;
        try {
            payload.writeBytes(in, missing);
            deliver(payload, sink);
        } finally {
            payload.release();
        }
        return true;
    }

    private void deliver(ByteBuf payload, Consumer<Frame> sink) {
        if (type < FrameType.FIRST_SKIPPED) {
            sink.accept(ControlFrames.read(type, streamId, payload));
        }
    }

    private void collect(ByteBuf in) {
        if (!partialPayload.isReadable()) {
            partialPayload = Unpooled.buffer(in.readableBytes(), payloadBytesLeft);
        }
        partialPayload.writeBytes(in);
    }
}

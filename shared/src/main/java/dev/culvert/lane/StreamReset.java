package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;

/**
 * How a stream ended early.
 *
 * @param reason why
 * @param deliveredBytes how many of the bytes written to the stream may have been handed on by the far end;
 *     {@link #UNKNOWN} when nobody can say
 * @param detail a sentence for people, may be empty
 */
public record StreamReset(CloseReason reason, long deliveredBytes, String detail) {
    /** As {@link #deliveredBytes}: the carrier was lost, and anything may have been delivered. */
    public static final long UNKNOWN = -1;

    /** As the peer said it. */
    static StreamReset of(Frame.Reset frame) {
        long delivered = frame.deliveredBytes() == Frame.Reset.ANYTHING_DELIVERED ? UNKNOWN : frame.deliveredBytes();
        return new StreamReset(frame.reason(), delivered, frame.detail());
    }

    /** What tells the peer. */
    Frame.Reset toFrame(int streamId) {
        long delivered = deliveredBytes == UNKNOWN ? Frame.Reset.ANYTHING_DELIVERED : deliveredBytes;
        return new Frame.Reset(streamId, reason, delivered, detail);
    }

    /** Whether it is certain that nothing that was written from the offset on has been handed on. */
    public boolean provesUndelivered(long offset) {
        return deliveredBytes != UNKNOWN && deliveredBytes <= offset;
    }
}

package dev.culvert.agent.inspect;

import io.netty.buffer.ByteBuf;

/** How much of a body is still copied for its recording: the beginning, up to {@link Body#MOST_BYTES}. */
final class BodyShare {
    private int left = Body.MOST_BYTES;

    /** For the next body. */
    void reset() {
        left = Body.MOST_BYTES;
    }

    /** A copy of as many of the bytes as are kept; they stay the caller's, and unread. */
    byte[] take(ByteBuf bytes) {
        byte[] kept = new byte[Math.min(left, bytes.readableBytes())];
        bytes.getBytes(bytes.readerIndex(), kept);
        left -= kept.length;
        return kept;
    }
}

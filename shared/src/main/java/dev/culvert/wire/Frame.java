package dev.culvert.wire;

import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * One message on a lane.
 *
 * <pre>
 *   0                    3        4                8
 *   +--------------------+--------+----------------+------------ ...
 *   | payload length     | type   | stream id      | payload
 *   +--------------------+--------+----------------+------------ ...
 *     u24, bytes           u8       u32              length bytes
 * </pre>
 *
 * Integers are big-endian. Stream id 0 means the lane itself. {@code docs/protocol.md} draws every payload.
 */
public sealed interface Frame {
    /** Size of the header before each payload. */
    int HEADER_BYTES = 8;

    /** Largest payload of a {@link Data} frame: big enough that headers cost nothing, small enough to take turns. */
    int MAX_DATA_BYTES = 64 * 1024;

    /** Largest payload of any other frame, in bytes: the handshake's JSON is the only one that comes near. */
    int MAX_CONTROL_BYTES = 64 * 1024;

    /** The stream that the frame is about; 0 for the lane itself. Unsigned 31 bits. */
    int streamId();

    /** A frame about the lane as a whole. */
    sealed interface OfLane extends Frame {
        @Override
        default int streamId() {
            return 0;
        }
    }

    /** The agent's first frame. */
    record HelloFrame(Hello hello) implements OfLane {}

    /** The edge's answer to {@link HelloFrame}. */
    record WelcomeFrame(Welcome welcome) implements OfLane {}

    /** The agent asks for a name. */
    record BindFrame(Bind bind) implements OfLane {}

    /** The edge's answer to {@link BindFrame}. */
    record BoundFrame(Bound bound) implements OfLane {}

    /** The agent gives a name back, or the edge takes it away. */
    record UnbindFrame(Unbind unbind) implements OfLane {}

    /**
     * Begins a stream. Its first bytes may follow at once; a stream that cannot be served is answered with
     * {@link Reset}.
     *
     * @param receiveWindowBytes how much the acceptor may send before it gets credit
     * @param sendWindowBytes how much the opener takes itself to be allowed to send before it gets credit: the
     *     acceptor's latest {@linkplain Credit announcement for new streams} that it has seen
     */
    record Open(int streamId, StreamRequest request, int receiveWindowBytes, int sendWindowBytes) implements Frame {}

    /**
     * Bytes for one stream, counted against its window.
     *
     * @param payload owned by the receiver from here on, who releases it; the decoder may hand over one frame's payload
     *     in several pieces, as it arrives
     */
    record Data(int streamId, ByteBuf payload) implements Frame {}

    /**
     * Ends the sender's direction after all its data; the other direction goes on.
     *
     * @param deliveredBytes how much of the peer's direction the sender had handed on
     */
    record Fin(int streamId, long deliveredBytes) implements Frame {}

    /**
     * Ends a stream at once in both directions; bytes still queued are dropped.
     *
     * @param deliveredBytes how much of the peer's direction may have been handed on; 0 means that a retry is safe,
     *     {@link #ANYTHING_DELIVERED} that nobody knows
     * @param detail a sentence for people, at most {@link #MAX_DETAIL_BYTES} of UTF-8, may be empty
     */
    record Reset(int streamId, CloseReason reason, long deliveredBytes, String detail) implements Frame {
        public static final int MAX_DETAIL_BYTES = 512;

        /** As {@code deliveredBytes}: more than any stream has, so that no retry is safe. */
        public static final long ANYTHING_DELIVERED = Long.MAX_VALUE;
    }

    /**
     * Lets the peer send {@code bytes} more on the stream, because as many have been consumed or the window has grown.
     * On stream 0: the window that streams opened by the peer begin with from now on.
     */
    record Credit(int streamId, int bytes) implements Frame {
        public Credit {
            if (bytes <= 0) {
                throw new IllegalArgumentException("credit must be positive, was " + bytes);
            }
        }
    }

    /** A finished exchange on the stream, for the agent to show. */
    record Event(int streamId, Exchange exchange) implements Frame {}

    /** Asks for a {@link Pong} with the same number. */
    record Ping(long token) implements OfLane {}

    /** The answer to a {@link Ping}. */
    record Pong(long token) implements OfLane {}

    /**
     * The sender takes no more streams on this lane. Streams above {@code lastStreamId} were not and will not be
     * served; the others go on, unless the reason says that the lane {@linkplain #endsLane() ends here}.
     *
     * @param lastStreamId the last stream of the peer that will be served; 0 for none
     * @param delivered for each open stream of the peer, how many of its bytes had been handed on
     * @param detail a sentence for people, may be empty
     */
    record GoAway(CloseReason reason, int lastStreamId, List<Delivered> delivered, String detail) implements OfLane {
        /** How many bytes of the peer's direction of a stream had been handed on. */
        public record Delivered(int streamId, long bytes) {}

        public GoAway {
            delivered = List.copyOf(delivered);
        }

        /** Whether the lane ends here, so that the offsets are final; otherwise its open streams go on. */
        public boolean endsLane() {
            return !letsStreamsFinish(reason);
        }

        /** Whether a GOAWAY with this reason lets the open streams go on. */
        public static boolean letsStreamsFinish(CloseReason reason) {
            return reason == CloseReason.DRAINING || reason == CloseReason.IDS_EXHAUSTED;
        }
    }
}

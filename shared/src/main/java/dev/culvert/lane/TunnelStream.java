package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;

/**
 * A full-duplex, flow-controlled byte stream with half-close and reset: one visitor's conversation with a target. Who
 * holds one cannot tell what carries it.
 *
 * <p>All methods are called on {@link #eventLoop()}, and the {@link Listener} is called there. Nothing is delivered
 * before {@link #listen}; until then what arrives is kept, bounded by the window.
 *
 * <pre>
 *   open ──finish()──► half closed (local) ──onFinish──► ended
 *     │ ──onFinish──► half closed (remote) ──finish()──► ended
 *     └──reset() or onReset──► ended
 * </pre>
 *
 * Once ended, writes are released and dropped, and the other methods do nothing.
 */
public interface TunnelStream {

    /** The thread that owns this stream. */
    EventLoop eventLoop();

    /** Begins delivery to the listener, at once for what has already arrived. Called a second time, the listener changes. */
    void listen(Listener listener);

    /**
     * Sends bytes, after those written before. Never blocks and never refuses: who does not ask {@link #isWritable()}
     * first piles up memory.
     *
     * @param bytes owned by the stream from here on, also when the stream has ended
     */
    void write(ByteBuf bytes);

    /** Whether more should be written now; after a false, {@link Listener#onWritable()} tells when it is true again. */
    boolean isWritable();

    /** Ends this direction, after all that was written before. The other direction goes on. */
    void finish();

    /**
     * Ends both directions at once; bytes still queued are dropped. The listener hears nothing of it.
     *
     * @param detail a sentence for people, may be empty
     */
    void reset(CloseReason reason, String detail);

    /**
     * Passes on how the stream that this one is joined to has ended. Like {@link #reset(CloseReason, String)}, except
     * that the far end is told the offset that the other stream's far end gave, not what was consumed here.
     */
    void reset(StreamReset reset);

    /**
     * Says that so many bytes that {@link Listener#onBytes} delivered have been handed on. The far end may send as many
     * more, and they count as delivered: a retry elsewhere is not sound any more.
     */
    void consumed(int bytes);

    /** Tells the far end about a finished exchange, for people to look at. May be dropped; may come when it has reset the stream. */
    void report(Exchange exchange);

    /**
     * Hears what the far end does. Called on the stream's event loop, never from within a call to the stream other than
     * {@link TunnelStream#listen}.
     */
    interface Listener {
        /**
         * Bytes arrived.
         *
         * @param bytes owned by the listener, who says {@link TunnelStream#consumed} once it has handed them on. Who
         *     will not hand on all of them resets the stream, also when both directions have finished: until then they
         *     count against the window budget, and the stream may still be reset for standing still
         */
        void onBytes(ByteBuf bytes);

        /** The stream takes more again, after {@link TunnelStream#isWritable()} was false. */
        void onWritable();

        /** The far end tells about a finished exchange, with {@link TunnelStream#report}. Few care. */
        default void onReport(Exchange exchange) {}

        /** The far end has sent all it will. Its direction is over; ours goes on. */
        void onFinish();

        /** The stream ended early, in both directions. Called at most once, and nothing follows. */
        void onReset(StreamReset reset);
    }
}

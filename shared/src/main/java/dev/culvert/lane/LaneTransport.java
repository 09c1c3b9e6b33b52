package dev.culvert.lane;

import dev.culvert.wire.Frame;
import io.netty.channel.EventLoop;
import io.netty.util.AttributeKey;
import java.util.function.Supplier;

/**
 * What carries a lane's frames: a TCP connection, TLS, a WebSocket, or the event bus between two nodes. All methods are
 * called on its event loop.
 */
public interface LaneTransport {
    /**
     * Makes what a channel writes last before it is closed, where its transport has words of its own for that. What it
     * makes is the channel's to release.
     */
    AttributeKey<Supplier<Object>> FAREWELL = AttributeKey.valueOf("culvert.lane.farewell");

    EventLoop eventLoop();

    /** Queues a frame, and takes the ownership of its payload. */
    void write(Frame frame);

    /** Sends what is queued. */
    void flush();

    /** Whether more data should be queued; the lane is told when that changes. Control frames are queued in any case. */
    boolean isWritable();

    /** Whether more waits than a peer that reads would ever let pile up: the control frames' bound. */
    boolean isOverrun();

    /** Sends what is queued and ends; the lane is told when it has ended. */
    void close();

    /** The lane, as its transport sees it. Called on the transport's event loop, never from within a call to it. */
    interface Receiver {
        /** A frame arrived; the ownership of its payload is handed over. */
        void received(Frame frame);

        /**
         * A frame that the transport has made itself, for what it has found out: it counts as the peer's, but the peer was
         * not heard.
         */
        void concluded(Frame frame);

        /** What arrived are no frames: the lane ends. */
        void malformed(String detail);

        /** {@link LaneTransport#isWritable()} may be true again. */
        void writabilityChanged();

        /** Nothing more can be sent or will arrive. */
        void ended(String detail);
    }
}

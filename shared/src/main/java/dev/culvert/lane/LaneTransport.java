package dev.culvert.lane;

import dev.culvert.wire.Frame;
import io.netty.channel.EventLoop;

/**
 * What carries a lane's frames: a TCP connection, TLS, a WebSocket, or the event bus between two nodes. All methods are
 * called on its event loop.
 */
interface LaneTransport {
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
}

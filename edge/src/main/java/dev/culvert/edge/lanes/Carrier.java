package dev.culvert.edge.lanes;

import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;

/** What can open a stream towards a target: a lane, a localtunnel socket pool, an SSH connection, or another node. */
public interface Carrier {

    /**
     * Opens a stream. A lane does not wait for the target, and one that cannot be reached shows as a reset; an SSH client
     * is asked first, and the future fails.
     *
     * @param visitorLoop the event loop that will own the stream; the caller is on it, and the future completes on it
     * @return fails with {@link dev.culvert.lane.StreamClosedException}, whose reason says whether another carrier may be
     *     asked
     */
    Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop);

    /** How many streams it carries now; the less loaded of two is asked first. */
    int load();

    /** Whether it is another node. */
    default boolean isRelayed() {
        return false;
    }

    /**
     * Whether it is going to end: its open streams go on, but one that waits for a next request is better given up. Any
     * thread.
     */
    default boolean isLeaving() {
        return false;
    }

    /** Whether nothing has been heard of it for so long that it may be dead. Any thread. */
    default boolean isDoubtful() {
        return false;
    }
}

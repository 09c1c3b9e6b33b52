package dev.culvert.lane;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;

/** One connection between an agent and an edge; it carries many streams. */
public final class Lane {

    /** Who this end is: the dialer's streams have odd ids, the acceptor's even ones. */
    public enum Side {
        DIALER,
        ACCEPTOR
    }

    private Lane() {}

    /**
     * Runs a lane on a channel whose pipeline has nothing of ours yet. Called on the channel's event loop, which owns
     * the lane.
     */
    public static Lane on(Channel channel, Side side, LaneOptions options, WindowBudget budget, Handler handler) {
        throw new UnsupportedOperationException();
    }

    /** The thread that owns the lane. */
    public EventLoop eventLoop() {
        throw new UnsupportedOperationException();
    }

    /** Sends a frame of the handshake. Any thread. */
    public void send(Frame.OfLane frame) {
        throw new UnsupportedOperationException();
    }

    /** The handshake is over: streams may be opened, and a peer that is silent is given up. */
    public void established(int peerNewStreamWindowBytes) {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens a stream; costs no round trip. A lane that is not there any more shows as a reset.
     *
     * @param visitorLoop owns the stream; the caller is on it
     */
    public TunnelStream open(StreamRequest request, EventLoop visitorLoop) {
        throw new UnsupportedOperationException();
    }

    /** How many streams are open. Any thread. */
    public int load() {
        throw new UnsupportedOperationException();
    }

    /** Takes no more streams of the peer; those that are open go on. Any thread. */
    public void goAway(CloseReason reason, String detail) {
        throw new UnsupportedOperationException();
    }

    /** Says why with a GOAWAY and ends the lane and all its streams. Any thread. */
    public void close(CloseReason reason, String detail) {
        throw new UnsupportedOperationException();
    }

    /** Hears what the peer does. Called on the lane's event loop. */
    public interface Handler {
        /** A frame of the handshake, a GOAWAY, or an EVENT. */
        void onFrame(Frame frame);

        /** The peer opened a stream; to be served, or reset. Its first bytes wait for {@link TunnelStream#listen}. */
        void onStream(TunnelStream stream, StreamRequest request);

        /** The lane ended, for the first reason there was. Called once, after its streams have been reset. */
        void onClosed(CloseReason reason, String detail);
    }
}

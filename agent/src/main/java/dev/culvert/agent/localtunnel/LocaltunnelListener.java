package dev.culvert.agent.localtunnel;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;

/** Hears what happens to a tunnel. Called on its event loop: must not block. */
public interface LocaltunnelListener {
    /** Listens to nothing. */
    LocaltunnelListener NONE = new LocaltunnelListener() {};

    /** The tunnel is in another state. */
    default void onState(TunnelState state) {}

    /** A connection that visitors came through is over; who they were, the server does not say. */
    default void onConnection(VisitorConnection connection) {}

    /**
     * A visitor came, and the target did not answer.
     *
     * @param sentence why, for people
     */
    default void onTargetRefused(String sentence) {}

    /**
     * Something that people should know.
     *
     * @param sentence for people
     */
    default void onNotice(String sentence) {}
}

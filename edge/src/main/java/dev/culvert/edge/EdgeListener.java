package dev.culvert.edge;

/**
 * Watches the tunnels of a node. Called on an event loop of the node's, by one at a time and for each tunnel in its order. None
 * may block; what it throws is logged and changes nothing.
 *
 * <p>Each node tells of its own: who wants to know of a whole cluster listens at each, and hears of an agent that keeps lanes to
 * two of them from both.
 */
public interface EdgeListener {
    /** Watches nothing. */
    EdgeListener NONE = new EdgeListener() {};

    /** Somebody serves a tunnel by this node now. Called as often as there are agents, or lanes of theirs, that share it. */
    default void onBound(BoundTunnel tunnel) {}

    /**
     * That one serves it by this node no more: gave it up, is gone or came back by another lane, lost it, or left it to another
     * node. Called once for each {@link #onBound}, before {@link Edge#close} is over at the latest. Others may still serve it.
     */
    default void onGone(BoundTunnel tunnel) {}
}

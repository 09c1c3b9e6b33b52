package dev.culvert.agent;

import dev.culvert.wire.Exchange;

/**
 * Watches an agent. Called on event loops: {@link #onExchange}, {@link #onConnection} and {@link #onTargetRefused} by
 * several at once, the others by the agent's own. None may block.
 */
public interface AgentListener {
    /** Watches nothing. */
    AgentListener NONE = new AgentListener() {};

    /** The tunnel's state changed; called once for each change, in their order. */
    default void onState(Tunnel tunnel, TunnelState state) {}

    /** A visitor's exchange is over. Where there are more than the lane has room for, some are left out. */
    default void onExchange(Tunnel tunnel, Exchange exchange) {}

    /** A visitor connection of a {@code tcp} or {@code tls} tunnel is over, well or not. */
    default void onConnection(Tunnel tunnel, VisitorConnection connection) {}

    /** The target did not answer, and a visitor was told so; the sentence says why. Once for each visitor. */
    default void onTargetRefused(Tunnel tunnel, String sentence) {}

    /** Something a person may want to know, in a sentence. */
    default void onNotice(String sentence) {}
}

package dev.culvert.agent;

import java.time.Duration;

/**
 * How a tunnel is.
 *
 * <pre>
 *   {@link Connecting} ──► {@link Connected} ◄──► {@link Reconnecting}
 *        │              │                │
 *        └──────────────┴──► {@link Offline} ◄──┘        any ──close()──► {@link Closed}
 * </pre>
 */
public sealed interface TunnelState {

    /** On the way to the edge for the first time. */
    record Connecting() implements TunnelState {}

    /**
     * Visitors are served.
     *
     * @param name the public name
     * @param url where visitors find it
     */
    record Connected(String name, String url) implements TunnelState {}

    /**
     * The connection was lost, or the name is not to be had at the moment; tried again by itself.
     *
     * @param why in words
     * @param delay from now to the next try
     * @param edgeAnswers whether the edge is there, and only the name is not to be had at the moment
     */
    record Reconnecting(String why, Duration delay, boolean edgeAnswers) implements TunnelState {}

    /**
     * Not served, and nothing is tried any more: the first connection failed, the edge took the name away, or the
     * agent is not to reconnect. {@link Agent#open} may be called again.
     *
     * @param why in words
     */
    record Offline(String why) implements TunnelState {}

    /** The caller closed it. */
    record Closed() implements TunnelState {}
}

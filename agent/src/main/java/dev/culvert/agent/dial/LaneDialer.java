package dev.culvert.agent.dial;

import io.netty.channel.Channel;
import io.vertx.core.Future;

/** Reaches an edge over one kind of transport. */
interface LaneDialer {
    /**
     * A new connection that carries frames from here on, on the event loop of the caller; or {@link DialException}.
     * Whoever is given it puts a lane on it at once: later, frames could have gone by.
     */
    Future<Channel> dial();
}

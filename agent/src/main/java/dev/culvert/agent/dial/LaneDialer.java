package dev.culvert.agent.dial;

import io.vertx.core.Future;
import io.vertx.core.net.NetSocket;

/** Reaches an edge over one kind of transport. */
interface LaneDialer {
    /**
     * A new connection that nothing has been read from, on the event loop of the caller, within the handler that is
     * given it; or {@link DialException}.
     */
    Future<NetSocket> dial();
}

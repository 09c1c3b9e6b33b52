package dev.culvert.agent.dial;

import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.Bound;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.StreamRequest;

/** Hears what must not wait for another thread. Called on the event loop of the lane, so by several threads. */
public interface LaneEvents {
    /** A tunnel was granted; its streams may follow at once. */
    void onGranted(Bound bound);

    /** A visitor is there: to be served, or reset. */
    void onStream(TunnelStream stream, StreamRequest request);

    /** An exchange is over. */
    void onExchange(Exchange exchange);
}

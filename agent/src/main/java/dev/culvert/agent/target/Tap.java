package dev.culvert.agent.target;

import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;

/** Looks at what passes between visitors and targets. Called on the event loops of the streams. */
public interface Tap {
    /** Looks at nothing. */
    Tap NONE = (stream, request, target) -> stream;

    /**
     * The stream to serve in place of one that nobody listens to yet: the same, or one that lets everything through as it
     * comes.
     */
    TunnelStream through(TunnelStream stream, StreamRequest request, Target target);
}

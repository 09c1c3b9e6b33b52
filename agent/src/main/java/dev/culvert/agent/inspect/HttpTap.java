package dev.culvert.agent.inspect;

import dev.culvert.agent.target.Tap;
import dev.culvert.agent.target.Target;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;

/** Has what passes on the streams of http tunnels recorded. Safe for use by any thread. */
final class HttpTap implements Tap {
    private final Recordings recordings;

    HttpTap(Recordings recordings) {
        this.recordings = recordings;
    }

    @Override
    public TunnelStream through(TunnelStream stream, StreamRequest request, Target target) {
        if (request.kind() != StreamRequest.Kind.HTTP) {
            return stream;
        }
        ReplayStream replay = stream instanceof ReplayStream ours ? ours : null;
        return new TappedStream(stream, new HttpConversation(recordings, request, target.url(), replay));
    }
}

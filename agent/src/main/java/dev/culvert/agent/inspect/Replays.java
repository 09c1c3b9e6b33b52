package dev.culvert.agent.inspect;

import dev.culvert.agent.target.TargetStreams;
import dev.culvert.lane.Sockets;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Sends requests to their targets again, past the edge. They take the way that visitors' streams take, and so are recorded as
 * these are. Runs on the recordings' event loop.
 */
final class Replays {
    /** Under way at once; for people who press a button. */
    static final int MOST = 16;

    /** How long an answer may take, its end included; an endless one is cut off then. */
    static final Duration TIMEOUT = Duration.ofMinutes(1);

    private final Vertx vertx;
    private final Context context;
    private final TargetStreams streams;
    private final Set<ReplayStream> open = new HashSet<>();

    Replays(Vertx vertx, Context context, TargetStreams streams) {
        this.vertx = vertx;
        this.context = context;
        this.streams = streams;
    }

    /**
     * Sends a request where the recording's went.
     *
     * @return the recording of this one, as soon as it is on its way; fails with {@link ReplayRefusedException}
     */
    Future<Recording> send(Recording original, ReplayRequest request) {
        if (open.size() >= MOST) {
            return Future.failedFuture(
                    new ReplayRefusedException("%d replays wait for their answers already".formatted(MOST)));
        }
        ReplayStream stream = new ReplayStream(Sockets.eventLoopOf(context), original.id(), request.encode());
        open.add(stream);
        long timer = vertx.setTimer(
                TIMEOUT.toMillis(),
                fired -> stream.cancel("the replay was cut off after %d s".formatted(TIMEOUT.toSeconds())));
        stream.over().onComplete(ended -> {
            vertx.cancelTimer(timer);
            open.remove(stream);
        });
        streams.serve(stream, new StreamRequest(original.origin().tunnel(), StreamRequest.Kind.HTTP, "", 0, 0));
        return stream.begun();
    }

    /** Ends those that are under way. */
    void close() {
        List.copyOf(open).forEach(stream -> stream.cancel("the agent was closed"));
    }
}

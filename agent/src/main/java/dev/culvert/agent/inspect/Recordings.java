package dev.culvert.agent.inspect;

import dev.culvert.wire.StreamRequest;
import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The last exchanges, and what is kept of them. The oldest go first, finished or not; but for WebSockets that are open, which go
 * where the older half is nothing else.
 *
 * <p>Runs on one event loop; {@link #execute} brings others there, and {@link #begin} may be called by any.
 */
final class Recordings {
    /** Exchanges: some pages with all that belongs to them. */
    static final int MOST = 500;

    /** Bytes of heads and bodies that are kept of all together: an eighth of the heap that the launcher gives an agent. */
    static final int MOST_BYTES = 16 * 1024 * 1024;

    private static final String HOST_KEY = "host:";

    private final Context context;
    private final Listener listener;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, Recording> kept = new LinkedHashMap<>();
    private final UnpackBudget unpackBudget = new UnpackBudget();
    private long bytes;

    /** Hears what differs. On the recordings' event loop. */
    interface Listener {
        /** It is new, or there is more of it to see. */
        void onChange(Recording recording);

        /** It is kept no more. */
        void onGone(long id);
    }

    Recordings(Context context, Listener listener) {
        this.context = context;
        this.listener = listener;
    }

    /** Does something on the event loop of the recordings, after what was asked for before by the same thread. */
    void execute(Runnable what) {
        context.runOnContext(ignored -> what.run());
    }

    /** A recording that is not here yet. Any thread. */
    Recording begin(StreamRequest stream, String target, @Nullable Long replayOf, RequestHead request, long nanos) {
        String tunnel = stream.tunnel();
        String host = tunnel.startsWith(HOST_KEY) ? tunnel.substring(HOST_KEY.length()) : tunnel;
        // Behind a balancer the stream's visitor is the balancer.
        String visitor = request.fields()
                .find("X-Forwarded-For")
                .map(all -> all.split(",", 2)[0].strip())
                .orElse(stream.visitor());
        Recording.Origin origin = new Recording.Origin(tunnel, host, target, replayOf == null ? visitor : "", replayOf);
        return new Recording(this, lastId.incrementAndGet(), origin, request, nanos);
    }

    void add(Recording recording) {
        kept.put(recording.id(), recording);
        changed(recording, recording.size());
        if (kept.size() > MOST) {
            forgetOldest();
        }
    }

    /** There is more of it, by so many bytes. */
    void changed(Recording recording, int more) {
        bytes += more;
        listener.onChange(recording);
        while (bytes > MOST_BYTES && kept.size() > 1) {
            forgetOldest();
        }
    }

    private void forgetOldest() {
        forget(kept.values().stream()
                .limit(kept.size() / 2) // Or what has just come would be the first to go.
                .filter(recording -> !recording.isOpenUpgrade())
                .findFirst()
                .orElseGet(() -> kept.values().iterator().next()));
    }

    private void forget(Recording recording) {
        kept.remove(recording.id());
        bytes -= recording.size();
        recording.forget();
        listener.onGone(recording.id());
    }

    /** For the messages of all WebSockets. */
    UnpackBudget unpackBudget() {
        return unpackBudget;
    }

    /** Forgets all. */
    void clear() {
        List.copyOf(kept.values()).forEach(this::forget);
    }

    Optional<Recording> find(long id) {
        return Optional.ofNullable(kept.get(id));
    }

    /** All that are kept, the latest first. */
    List<Recording> latestFirst() {
        List<Recording> all = new ArrayList<>(kept.values());
        Collections.reverse(all);
        return all;
    }
}

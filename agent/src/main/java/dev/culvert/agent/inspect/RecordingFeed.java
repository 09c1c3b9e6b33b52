package dev.culvert.agent.inspect;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recordings and tunnels as server-sent events: a {@code snapshot} first, then {@code change}s. A reader who is slow misses
 * changes and gets a snapshot instead once it has caught up, so that nothing piles up here.
 *
 * <p>Runs on the recordings' event loop.
 */
final class RecordingFeed implements Recordings.Listener {
    /** Readers at once: pages that somebody has left open. Each may hold a snapshot of some MiB that it does not read. */
    static final int MOST_READERS = 8;

    /** Between two looks at what has changed: soon enough for somebody who watches. */
    private static final long INTERVAL_MILLIS = 200;

    /** Looks without a change after which a reader gets a comment, 15 s: who hears nothing takes us for dead. */
    private static final int HEARTBEAT_LOOKS = 75;

    private static final Buffer STILL_HERE = Buffer.buffer(": still here\n\n");
    private static final Logger LOGGER = LoggerFactory.getLogger(RecordingFeed.class);

    private final Vertx vertx;
    private final Supplier<JsonArray> tunnels;
    /** Tells a page that what it shows is of another agent, whose ids began anew. */
    private final String agent = UUID.randomUUID().toString();

    private final List<Reader> readers = new ArrayList<>();
    private final Map<Long, Recording> changed = new LinkedHashMap<>();
    private final TreeSet<Long> gone = new TreeSet<>();
    private JsonArray lastTunnels = new JsonArray();
    private Supplier<List<Recording>> all = List::of;
    private @Nullable Long timer;
    private int looksWithoutChange;

    /** Who reads, and whether it has missed something. */
    private static final class Reader {
        private final HttpServerResponse response;
        private boolean needsSnapshot;

        Reader(HttpServerResponse response) {
            this.response = response;
        }

        void write(Buffer bytes) {
            response.write(bytes)
                    .onFailure(left -> LOGGER.atTrace().setCause(left).log("reader of recordings left"));
        }
    }

    RecordingFeed(Vertx vertx, Supplier<JsonArray> tunnels) {
        this.vertx = vertx;
        this.tunnels = tunnels;
    }

    /** Where snapshots come from. */
    void of(Recordings recordings) {
        all = recordings::latestFirst;
    }

    @Override
    public void onChange(Recording recording) {
        if (!readers.isEmpty()) {
            changed.put(recording.id(), recording);
        }
    }

    @Override
    public void onGone(long id) {
        if (!readers.isEmpty()) {
            changed.remove(id);
            gone.add(id);
        }
    }

    /**
     * Adds a reader until its response is closed.
     *
     * @param response with its head set, nothing written yet
     * @return false when there are too many already
     */
    boolean add(HttpServerResponse response) {
        if (readers.size() >= MOST_READERS) {
            return false;
        }
        Reader reader = new Reader(response);
        readers.add(reader);
        response.closeHandler(closed -> remove(reader));
        response.exceptionHandler(fault -> remove(reader));
        lastTunnels = tunnels.get();
        reader.write(snapshot());
        if (timer == null) {
            timer = vertx.setPeriodic(INTERVAL_MILLIS, fired -> look());
        }
        return true;
    }

    /** Looks no more. */
    void close() {
        Optional.ofNullable(timer).ifPresent(vertx::cancelTimer);
        timer = null;
    }

    private void remove(Reader reader) {
        readers.remove(reader);
        if (readers.isEmpty()) {
            close();
            changed.clear();
            gone.clear();
        }
    }

    private void look() {
        JsonArray now = tunnels.get();
        boolean same = changed.isEmpty() && gone.isEmpty() && now.equals(lastTunnels);
        looksWithoutChange = same ? looksWithoutChange + 1 : 0;
        lastTunnels = now;
        Buffer change = same
                ? looksWithoutChange % HEARTBEAT_LOOKS == 0 ? STILL_HERE : Buffer.buffer()
                : event("change", List.copyOf(changed.values()));
        Buffer snapshot = null;
        for (Reader reader : List.copyOf(readers)) {
            if (reader.response.writeQueueFull()) {
                reader.needsSnapshot |= !same;
            } else if (reader.needsSnapshot) {
                snapshot = snapshot == null ? snapshot() : snapshot;
                reader.needsSnapshot = false;
                reader.write(snapshot);
            } else if (change.length() > 0) {
                reader.write(change);
            }
        }
        changed.clear();
        gone.clear();
    }

    private Buffer snapshot() {
        return event("snapshot", all.get());
    }

    private Buffer event(String type, List<Recording> recordings) {
        JsonArray requests = new JsonArray();
        recordings.forEach(recording -> requests.add(RecordingJson.summary(recording)));
        JsonObject data = new JsonObject()
                .put("agent", agent)
                .put("tunnels", lastTunnels)
                .put("requests", requests)
                .put("gone", new JsonArray(new ArrayList<>(gone)));
        return Buffer.buffer("event: %s\ndata: %s\n\n".formatted(type, data.encode()));
    }
}

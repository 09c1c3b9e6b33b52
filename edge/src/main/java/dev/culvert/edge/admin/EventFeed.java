package dev.culvert.edge.admin;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster as server-sent events: a {@code snapshot} first, then {@code change}s against what was sent before. Nothing
 * is looked at while nobody reads. A reader who is slow misses changes and gets a snapshot instead once it has caught
 * up, so that nothing piles up here.
 *
 * <p>Runs on the admin verticle's event loop.
 */
final class EventFeed {
    /** Readers at once; an operator's screens, not an audience. */
    static final int MOST_READERS = 32;

    /** Between two looks: two updates a second are more than a person follows. */
    private static final long INTERVAL_MILLIS = 500;

    /** How many times as long as a look takes the loop is left alone after it: with very many tunnels. */
    private static final int REST_FACTOR = 10;

    /** A reader who has heard nothing for so long gets a comment: proxies cut what is silent, often after a minute. */
    static final Duration HEARTBEAT = Duration.ofSeconds(15);

    private static final Buffer STILL_HERE = Buffer.buffer(": still here\n\n");
    private static final Logger LOGGER = LoggerFactory.getLogger(EventFeed.class);

    private final Vertx vertx;
    private final ClusterView cluster;
    private final TunnelList tunnels;
    private final long heartbeatNanos;
    private final List<Reader> readers = new ArrayList<>();
    private Scene last = new Scene(new JsonArray(), Map.of());
    private long sequence;
    private boolean looking;
    /** For the next look; null while one is under way, or nobody reads. */
    private @Nullable Long timer;

    private long restUntilNanos;

    EventFeed(Vertx vertx, ClusterView cluster, TunnelList tunnels, Duration heartbeat) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.tunnels = tunnels;
        this.heartbeatNanos = heartbeat.toNanos();
    }

    /** What there was to see at one look; tunnels by name. */
    private record Scene(JsonArray nodes, Map<String, JsonObject> tunnels) {}

    /** Who reads, and when something was last written to them. */
    private static final class Reader {
        private final HttpServerResponse response;
        private boolean needsSnapshot = true;
        private long writtenNanos = System.nanoTime();

        Reader(HttpServerResponse response) {
            this.response = response;
        }

        void write(Buffer bytes) {
            writtenNanos = System.nanoTime();
            response.write(bytes)
                    .onFailure(gone -> LOGGER.atTrace().setCause(gone).log("reader of events left"));
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
        response.closeHandler(closed -> readers.remove(reader));
        response.exceptionHandler(fault -> readers.remove(reader));
        if (!looking) {
            looking = true;
            look();
        } else if (timer != null && vertx.cancelTimer(timer)) {
            // Who has just come waits for the loop's rest, and not for half a second.
            long restMillis = (restUntilNanos - System.nanoTime()) / 1_000_000;
            timer = vertx.setTimer(Math.max(1, restMillis), fired -> look());
        }
        return true;
    }

    int readers() {
        return readers.size();
    }

    private void look() {
        timer = null;
        cluster.look().onComplete(seen -> {
            long before = System.nanoTime();
            if (seen.succeeded()) {
                tell(seen.result());
            } else {
                LOGGER.atError().setCause(seen.cause()).log("cluster could not be looked at; trying again");
            }
            if (readers.isEmpty()) {
                looking = false;
                last = new Scene(new JsonArray(), Map.of());
            } else {
                long now = System.nanoTime();
                long tookMillis = (now - before) / 1_000_000;
                restUntilNanos = now + REST_FACTOR * (now - before);
                timer = vertx.setTimer(Math.max(INTERVAL_MILLIS, REST_FACTOR * tookMillis), fired -> look());
            }
        });
    }

    private void tell(ClusterPicture picture) {
        Map<String, JsonObject> now = new LinkedHashMap<>();
        tunnels.all(picture).forEach(tunnel -> now.put(tunnel.getString("name"), tunnel));
        Scene scene = new Scene(picture.toJson(), now);
        Buffer change = change(last, scene);
        Buffer snapshot = null;
        for (Reader reader : List.copyOf(readers)) {
            if (reader.response.writeQueueFull()) {
                reader.needsSnapshot |= change.length() > 0;
            } else if (reader.needsSnapshot) {
                snapshot = snapshot == null ? snapshot(scene) : snapshot;
                reader.needsSnapshot = false;
                reader.write(snapshot);
            } else if (change.length() > 0) {
                reader.write(change);
            } else if (System.nanoTime() - reader.writtenNanos >= heartbeatNanos) {
                reader.write(STILL_HERE);
            }
        }
        last = scene;
    }

    private Buffer snapshot(Scene scene) {
        JsonArray all = new JsonArray();
        scene.tunnels().values().forEach(all::add);
        return event("snapshot", new JsonObject().put("nodes", scene.nodes()).put("tunnels", all));
    }

    /** Empty when nothing changed. */
    private Buffer change(Scene before, Scene now) {
        JsonArray changed = new JsonArray();
        now.tunnels().forEach((name, tunnel) -> {
            if (!tunnel.equals(before.tunnels().get(name))) {
                changed.add(tunnel);
            }
        });
        JsonArray gone = new JsonArray();
        before.tunnels().keySet().stream()
                .filter(name -> !now.tunnels().containsKey(name))
                .forEach(gone::add);
        boolean nodesChanged = !now.nodes().equals(before.nodes());
        if (changed.isEmpty() && gone.isEmpty() && !nodesChanged) {
            return Buffer.buffer();
        }
        return event(
                "change",
                new JsonObject()
                        .put("nodes", now.nodes())
                        .put("tunnels", changed)
                        .put("gone", gone));
    }

    private Buffer event(String type, JsonObject data) {
        data.put("at", System.currentTimeMillis());
        return Buffer.buffer("id: %d\nevent: %s\ndata: %s\n\n".formatted(++sequence, type, data.encode()));
    }
}

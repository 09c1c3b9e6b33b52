package dev.culvert.agent.inspect;

import dev.culvert.agent.target.Tap;
import dev.culvert.agent.target.TargetStreams;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import java.util.function.Supplier;

/**
 * Records the requests of http tunnels, and shows them to people of this machine, who can send one again. Of 127.0.0.1
 * alone: what visitors send has passwords in it.
 */
public final class Inspector {
    private static final String ADDRESS = "127.0.0.1";

    /** Seconds after which a browser's connection is let go that asks nothing more. */
    private static final int IDLE_SECONDS = 60;

    private final HttpServer server;
    private final TargetStreams streams;
    private final Replays replays;
    private final RecordingFeed feed;

    private Inspector(HttpServer server, TargetStreams streams, Replays replays, RecordingFeed feed) {
        this.server = server;
        this.streams = streams;
        this.replays = replays;
        this.feed = feed;
    }

    /**
     * Begins to listen, and then to record. To be called on the context, on which everything of it runs.
     *
     * @param port 0 for a free one
     * @param streams whose requests
     * @param tunnels the tunnels as they are: a list of objects with {@code name}, {@code url}, {@code target}, and
     *     {@code online} for whether visitors reach it
     * @param version of the program
     * @return fails when it cannot listen
     */
    public static Future<Inspector> start(
            Vertx vertx,
            Context context,
            int port,
            TargetStreams streams,
            Supplier<JsonArray> tunnels,
            String version) {
        RecordingFeed feed = new RecordingFeed(vertx, tunnels);
        Recordings recordings = new Recordings(context, feed);
        feed.of(recordings);
        Replays replays = new Replays(vertx, context, streams);
        InspectorPages pages = new InspectorPages(recordings, feed, replays, tunnels, version);
        return vertx.createHttpServer(new HttpServerOptions().setIdleTimeout(IDLE_SECONDS))
                .requestHandler(pages.router(vertx))
                .listen(port, ADDRESS)
                .map(server -> {
                    streams.tap(new HttpTap(recordings));
                    return new Inspector(server, streams, replays, feed);
                });
    }

    /** Where to look. */
    public String url() {
        return "http://%s:%d".formatted(ADDRESS, server.actualPort());
    }

    /** Ends it; on its context. */
    public Future<Void> close() {
        streams.tap(Tap.NONE);
        replays.close();
        feed.close();
        return server.close();
    }
}

package dev.culvert.edge.demo;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The target of the demo: a site that shows what a tunnel carries. It knows nothing of Culvert; it is any local
 * application on a port of the loopback address.
 */
final class SampleSite extends VerticleBase {
    /** How often an event stream tells something: often enough to be seen counting. */
    private static final long EVENT_INTERVAL_MILLIS = 500;

    private static final String FOLDER = "dev/culvert/edge/demo/";
    private static final Map<String, String> FILES = Map.of(
            "index.html", "text/html; charset=utf-8",
            "site.css", "text/css; charset=utf-8",
            "site.js", "text/javascript; charset=utf-8",
            "icon.svg", "image/svg+xml");

    private final Download download = Download.random();
    private @Nullable HttpServer server;

    @Override
    public Future<?> start() {
        Router router = Router.router(vertx);
        router.get("/").handler(context -> file(context, "index.html"));
        for (String name : FILES.keySet()) {
            router.get("/" + name).handler(context -> file(context, name));
        }
        router.get("/api/request").handler(SampleSite::request);
        router.post("/api/upload").handler(SampleSite::upload);
        router.get("/api/events").handler(this::events);
        router.get("/api/download").handler(download::send);
        router.get("/api/echo").handler(SampleSite::echo);
        server = vertx.createHttpServer(
                        new HttpServerOptions().setHost("127.0.0.1").setPort(0))
                .requestHandler(router);
        return server.listen();
    }

    /** The port it got, once it is deployed. */
    int port() {
        return Objects.requireNonNull(server).actualPort();
    }

    private static void file(RoutingContext context, String name) {
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, FILES.get(name))
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache")
                .sendFile(FOLDER + name)
                .onFailure(context::fail);
    }

    /** What arrived here of the visitor's request: after the edge and the agent have had it. */
    private static void request(RoutingContext context) {
        JsonArray headers = new JsonArray();
        context.request()
                .headers()
                .forEach((name, value) -> headers.add(new JsonArray().add(name).add(value)));
        context.json(new JsonObject()
                .put("method", context.request().method().name())
                .put("path", context.request().uri())
                .put("peer", String.valueOf(context.request().remoteAddress()))
                .put("port", context.request().localAddress().port())
                .put("headers", headers));
    }

    /** Takes any number of bytes and keeps none of them. */
    private static void upload(RoutingContext context) {
        Digest digest = new Digest();
        context.request().handler(digest::update);
        context.request()
                .end()
                .onSuccess(done -> context.json(new JsonObject()
                        .put("bytes", digest.bytes())
                        .put("sha256", HexFormat.of().formatHex(digest.value()))));
    }

    private void events(RoutingContext context) {
        HttpServerResponse response = context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache")
                .setChunked(true);
        long[] count = {0};
        long timer = vertx.setPeriodic(0, EVENT_INTERVAL_MILLIS, id -> {
            // A reader who is slow misses some: nothing piles up here.
            if (!response.writeQueueFull()) {
                int load = ThreadLocalRandom.current().nextInt(100);
                response.write("id: %d\ndata: {\"n\":%d,\"at\":%d,\"load\":%d}\n\n"
                                .formatted(++count[0], count[0], System.currentTimeMillis(), load))
                        .onFailure(gone -> vertx.cancelTimer(id));
            }
        });
        response.closeHandler(closed -> vertx.cancelTimer(timer));
    }

    private static void echo(RoutingContext context) {
        context.request().toWebSocket().onSuccess(SampleSite::echo).onFailure(fault -> context.fail(400, fault));
    }

    private static void echo(ServerWebSocket socket) {
        socket.drainHandler(drained -> socket.resume());
        socket.textMessageHandler(text -> pace(socket, socket.writeTextMessage(text)));
        socket.binaryMessageHandler((Buffer bytes) -> pace(socket, socket.writeBinaryMessage(bytes)));
    }

    /** Reads no more while the visitor does not read what was echoed. */
    private static void pace(ServerWebSocket socket, Future<Void> written) {
        written.onFailure(gone -> socket.resume());
        if (socket.writeQueueFull()) {
            socket.pause();
        }
    }
}

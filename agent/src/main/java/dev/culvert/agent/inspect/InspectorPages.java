package dev.culvert.agent.inspect;

import dev.culvert.agent.target.HostPort;
import dev.culvert.page.Page;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The inspector's page and its API ({@code docs/inspector.md}). For everybody on this machine, but for no web page of
 * another site: it could send requests here from a browser, and by DNS rebinding read their answers, so Host must be this
 * machine's and Origin, where there is one, the same; and what a browser says another page asks for is refused. A link may
 * lead to the page itself.
 */
final class InspectorPages {
    private static final Logger LOGGER = LoggerFactory.getLogger(InspectorPages.class);

    /** Pictures that were recorded are shown. */
    private static final Page PAGE = Page.of(InspectorPages.class, "inspector", "'self' blob:");

    /** A changed request: its body in base64, and as much again for the rest. */
    private static final long MOST_CHANGES_BYTES = 2L * Body.MOST_BYTES;

    private static final String REQUESTS = "/api/v1/requests";
    private static final String REQUEST = REQUESTS + "/:id";
    private static final String JSON = "application/json";

    private final Recordings recordings;
    private final RecordingFeed feed;
    private final Replays replays;
    private final Supplier<JsonArray> tunnels;
    private final String version;

    InspectorPages(
            Recordings recordings, RecordingFeed feed, Replays replays, Supplier<JsonArray> tunnels, String version) {
        this.recordings = recordings;
        this.feed = feed;
        this.replays = replays;
        this.tunnels = tunnels;
        this.version = version;
    }

    Router router(Vertx vertx) {
        Router router = Router.router(vertx);
        router.route().handler(InspectorPages::admit);
        get(
                router,
                "/api/v1/tunnels",
                context -> end(context, 200, JSON, tunnels.get().toBuffer()));
        get(router, REQUESTS, this::list);
        router.delete(REQUESTS).handler(this::clear);
        get(router, "/api/v1/requests.har", this::archive);
        get(router, REQUEST, context -> json(context, 200, RecordingJson.details(recording(context))));
        get(
                router,
                REQUEST + "/request-body",
                context -> body(context, recording(context).requestBody(), "request"));
        get(
                router,
                REQUEST + "/response-body",
                context -> body(context, recording(context).responseBody(), "response"));
        get(router, REQUEST + "/messages", this::messages);
        router.post(REQUEST + "/replay").handler(InspectorPages::isJson);
        router.post(REQUEST + "/replay")
                .handler(BodyHandler.create(false).setBodyLimit(MOST_CHANGES_BYTES))
                .handler(this::replay)
                .failureHandler(context -> {
                    if (!context.response().closed()) { // Who has left in the midst of it needs no word, nor the log.
                        context.next();
                    }
                });
        get(router, "/api/v1/events", this::watch);
        PAGE.files()
                .forEach((path, file) -> get(router, path, context -> {
                    PAGE.headers().forEach(context.response()::putHeader);
                    end(context, 200, file.type(), file.bytes());
                }));
        router.errorHandler(400, context -> error(context, 400, "bad_request", sentence(context)));
        router.errorHandler(404, context -> error(context, 404, "not_found", "there is nothing at this path"));
        router.errorHandler(
                405, context -> error(context, 405, "method_not_allowed", "this path does not know the method"));
        router.errorHandler(
                413,
                context -> error(
                        context, 413, "too_large", "at most %d bytes can be sent here".formatted(MOST_CHANGES_BYTES)));
        router.errorHandler(500, context -> {
            LOGGER.atError().setCause(context.failure()).log("request to the inspector failed");
            error(context, 500, "internal", "this is the inspector's own mistake");
        });
        return router;
    }

    private static void get(Router router, String path, Handler<RoutingContext> handler) {
        router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(context -> {
            try {
                handler.handle(context);
            } catch (UnknownRecordingException e) {
                unknown(context);
            }
        });
    }

    private static void admit(RoutingContext context) {
        context.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .putHeader("X-Content-Type-Options", "nosniff");
        HttpServerRequest request = context.request();
        boolean isPage = PAGE.files().containsKey(context.normalizedPath());
        if (!isThisMachine(request.authority())) {
            error(context, 403, "host_not_allowed", "the inspector answers to localhost, 127.0.0.1 and [::1] only");
        } else if (Page.isAskedByAnother(request.headers(), request.authority(), isPage)) {
            error(context, 403, "origin_not_allowed", "pages of other sites may not use the inspector");
        } else {
            context.next();
        }
    }

    private static boolean isThisMachine(HostAndPort authority) {
        try {
            return authority != null && HostPort.parse(authority.toString(), 80).isLoopback();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void list(RoutingContext context) {
        JsonArray all = new JsonArray();
        recordings.latestFirst().forEach(recording -> all.add(RecordingJson.summary(recording)));
        end(context, 200, JSON, all.toBuffer());
    }

    private void messages(RoutingContext context) {
        String after = context.queryParam("after").stream().findFirst().orElse("0");
        if (after.matches("[0-9]{1,18}")) {
            json(context, 200, RecordingJson.messages(recording(context).messages(), Long.parseLong(after)));
        } else {
            error(context, 400, "bad_request", "after is the number of a message");
        }
    }

    private void clear(RoutingContext context) {
        recordings.clear();
        context.response().setStatusCode(204).end().onFailure(InspectorPages::left);
    }

    private void archive(RoutingContext context) {
        attach(context, "culvert.har");
        HttpServerResponse response = context.response().putHeader(HttpHeaders.CONTENT_TYPE, JSON);
        if (context.request().method().equals(HttpMethod.HEAD)) {
            response.end().onFailure(InspectorPages::left);
        } else {
            new HarDownload(response, recordings).start(version);
        }
    }

    /** As a file to keep: what a target sent must not run as a page of the inspector's own. */
    private static void body(RoutingContext context, Body body, String name) {
        attach(context, name + ".bin");
        end(context, 200, "application/octet-stream", Buffer.buffer(body.bytes()));
    }

    private static void attach(RoutingContext context, String name) {
        context.response().putHeader("Content-Disposition", "attachment; filename=\"%s\"".formatted(name));
    }

    /** Whatever it is called: curl sends what it is given as a form, and of a form the next handler takes 8 KiB. */
    private static void isJson(RoutingContext context) {
        context.request().headers().set(HttpHeaders.CONTENT_TYPE, JSON);
        context.next();
    }

    private void replay(RoutingContext context) {
        try {
            Recording original = recording(context);
            if (!original.isReplayable()) {
                error(
                        context,
                        409,
                        "not_replayable",
                        "the request did not come whole, or is too large to be kept whole");
                return;
            }
            ReplayRequest request = ReplayRequest.of(original);
            Buffer changes = context.body().buffer();
            if (changes != null && changes.length() > 0) {
                request = request.changed(changes.toJsonObject());
            }
            replays.send(original, request)
                    .onSuccess(recording -> json(context, 201, RecordingJson.summary(recording)))
                    .onFailure(why -> error(context, 409, "not_replayed", String.valueOf(why.getMessage())));
        } catch (UnknownRecordingException e) {
            unknown(context);
        } catch (DecodeException e) {
            error(context, 400, "bad_request", "the changes are not a JSON object");
        } catch (IllegalArgumentException e) {
            error(context, 400, "bad_request", String.valueOf(e.getMessage()));
        }
    }

    private void watch(RoutingContext context) {
        HttpServerResponse response = context.response();
        if (context.request().method().equals(HttpMethod.HEAD)) {
            end(context, 200, "text/event-stream", Buffer.buffer());
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream").setChunked(true);
        if (!feed.add(response)) {
            response.setChunked(false);
            error(
                    context,
                    503,
                    "too_many_readers",
                    "%d readers watch already; close a page".formatted(RecordingFeed.MOST_READERS));
        }
    }

    /** Nothing is recorded under the id of a path, or not any more. */
    private static final class UnknownRecordingException extends RuntimeException {
        UnknownRecordingException() {
            super("no such recording", null, false, false);
        }
    }

    private Recording recording(RoutingContext context) {
        String id = context.pathParam("id");
        if (!id.matches("[0-9]{1,18}")) {
            throw new UnknownRecordingException();
        }
        return recordings.find(Long.parseLong(id)).orElseThrow(UnknownRecordingException::new);
    }

    private static void unknown(RoutingContext context) {
        error(context, 404, "unknown_request", "no request with this id is kept, or not any more");
    }

    private static String sentence(RoutingContext context) {
        return context.failure() == null
                ? "the request cannot be read"
                : String.valueOf(context.failure().getMessage());
    }

    private static void error(RoutingContext context, int status, String code, String message) {
        json(context, status, new JsonObject().put("code", code).put("message", message));
    }

    private static void json(RoutingContext context, int status, JsonObject body) {
        end(context, status, JSON, body.toBuffer());
    }

    private static void end(RoutingContext context, int status, String type, Buffer body) {
        HttpServerResponse response = context.response();
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
        boolean headOnly = context.request().method().equals(HttpMethod.HEAD);
        (headOnly ? response.end() : response.end(body)).onFailure(InspectorPages::left);
    }

    private static void left(Throwable how) {
        LOGGER.atTrace().setCause(how).log("reader of the inspector left early");
    }
}

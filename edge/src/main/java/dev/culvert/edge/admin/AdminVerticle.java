package dev.culvert.edge.admin;

import dev.culvert.lane.Sockets;
import dev.culvert.page.Page;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's door: health, the API, metrics, and the dashboard. Every node answers for the whole cluster; the metrics
 * are its own. Runs on its own event loop, away from the visitors'.
 */
public final class AdminVerticle extends VerticleBase {
    private static final Logger LOGGER = LoggerFactory.getLogger(AdminVerticle.class);

    private static final Page DASHBOARD = Page.of(AdminVerticle.class, "dashboard", "'self'");

    /** The paths that anyone may ask for. */
    private static final List<String> OPEN = List.of("/healthz", "/readyz");

    private static final String TUNNEL = "/api/v1/tunnels/:name";

    /** Seconds after which who wanted to watch may try again: until then somebody may have left. */
    private static final String WATCH_AGAIN_SECONDS = "5";

    /** Seconds after which a caller who says nothing more is let go; a balancer's checks come more often. */
    private static final int IDLE_SECONDS = 60;

    private final List<String> addresses;
    private final int port;
    private final Door door;
    private final LocalNode node;
    private final ClusterView cluster;
    private final TunnelList tunnels;
    private final Duration heartbeat;
    private final List<HttpServer> servers = new ArrayList<>();

    /**
     * Prepares it.
     *
     * @param addresses where to listen, at least one
     * @param port the port, the same on each of them; 0 for a free one
     * @param door who may ask
     * @param node what to tell about this node
     * @param cluster what to tell about all nodes
     */
    public AdminVerticle(
            List<String> addresses, int port, Door door, LocalNode node, ClusterView cluster, TunnelList tunnels) {
        this(addresses, port, door, node, cluster, tunnels, EventFeed.HEARTBEAT);
    }

    AdminVerticle(
            List<String> addresses,
            int port,
            Door door,
            LocalNode node,
            ClusterView cluster,
            TunnelList tunnels,
            Duration heartbeat) {
        this.addresses = List.copyOf(addresses);
        this.port = port;
        this.door = door;
        this.node = node;
        this.cluster = cluster;
        this.tunnels = tunnels;
        this.heartbeat = heartbeat;
    }

    @Override
    public Future<?> start() {
        Router router = router();
        Future<HttpServer> listening = listen(router, addresses.get(0), port);
        for (String address : addresses.subList(1, addresses.size())) {
            listening = listening.compose(first -> listen(router, address, port()));
        }
        return listening;
    }

    /** The port it got, once it is deployed. */
    public int port() {
        return servers.get(0).actualPort();
    }

    private Future<HttpServer> listen(Router router, String address, int number) {
        HttpServer server = vertx.createHttpServer(
                        new HttpServerOptions().setIdleTimeout(IDLE_SECONDS).setMaxFormAttributeSize(0))
                .requestHandler(router);
        return server.listen(number, address).onSuccess(servers::add);
    }

    Router router() {
        Router router = Router.router(vertx);
        EventFeed events = new EventFeed(vertx, cluster, tunnels, heartbeat);
        Metrics metrics = new Metrics(node, LoopLag.of(vertx, Sockets.eventLoopOf(context)));
        router.route().handler(this::admit);
        get(router, "/healthz", context -> json(context, 200, new JsonObject().put("status", "up")));
        get(router, "/readyz", this::readiness);
        get(router, "/api/v1/tunnels", this::tunnels);
        get(router, TUNNEL, this::tunnel);
        router.route(TUNNEL).method(HttpMethod.DELETE).handler(this::delete);
        get(router, "/api/v1/nodes", this::nodes);
        get(router, "/api/v1/events", context -> watch(context, events));
        get(router, "/metrics", context -> end(context, 200, Metrics.CONTENT_TYPE, Buffer.buffer(metrics.scrape())));
        get(router, "/openapi.yaml", AdminVerticle::description);
        DASHBOARD
                .files()
                .forEach((path, file) -> get(router, path, context -> {
                    DASHBOARD.headers().forEach(context.response()::putHeader);
                    end(context, 200, file.type(), file.bytes());
                }));
        router.errorHandler(404, context -> error(context, 404, "not_found", "there is nothing at this path"));
        router.errorHandler(405, context -> {
            boolean isTunnel = context.normalizedPath().startsWith("/api/v1/tunnels/");
            context.response().putHeader(HttpHeaders.ALLOW, isTunnel ? "GET, HEAD, DELETE" : "GET, HEAD");
            error(context, 405, "method_not_allowed", "this path does not know the method");
        });
        router.errorHandler(400, context -> error(context, 400, "bad_request", "the request cannot be read"));
        router.errorHandler(500, context -> {
            LOGGER.atError().setCause(context.failure()).log("admin request failed");
            error(context, 500, "internal", "this is the edge's own mistake; its log says more");
        });
        return router;
    }

    private static void get(Router router, String path, Handler<RoutingContext> handler) {
        router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(handler);
    }

    private void admit(RoutingContext context) {
        context.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .putHeader("X-Content-Type-Options", "nosniff");
        if (OPEN.contains(context.normalizedPath())) {
            context.next();
            return;
        }
        // The page itself holds nothing: it asks whoever opens it for the token.
        boolean isPage = DASHBOARD.files().containsKey(context.normalizedPath());
        door.refusal(context.request(), isPage)
                .ifPresentOrElse(
                        refusal -> {
                            if (refusal.status() == 401) {
                                context.response().putHeader("WWW-Authenticate", "Bearer");
                            }
                            error(context, refusal.status(), refusal.code(), refusal.message());
                        },
                        context::next);
    }

    private void readiness(RoutingContext context) {
        Readiness readiness = node.readiness().get();
        JsonObject told = new JsonObject()
                .put("status", readiness.name().toLowerCase(Locale.ROOT))
                .put("reason", readiness.reason());
        json(context, readiness == Readiness.READY ? 200 : 503, told);
    }

    private void tunnels(RoutingContext context) {
        tunnels.all().onSuccess(all -> json(context, 200, new JsonArray(all))).onFailure(context::fail);
    }

    private void nodes(RoutingContext context) {
        cluster.look()
                .onSuccess(picture -> json(context, 200, picture.toJson()))
                .onFailure(context::fail);
    }

    private void tunnel(RoutingContext context) {
        String name = context.pathParam("name");
        tunnels.one(name)
                .onSuccess(found ->
                        found.ifPresentOrElse(tunnel -> json(context, 200, tunnel), () -> unknown(context, name)))
                .onFailure(fault -> unavailable(context, fault));
    }

    private void delete(RoutingContext context) {
        String name = context.pathParam("name");
        tunnels.delete(name)
                .onSuccess(deletion -> {
                    LOGGER.atInfo()
                            .addKeyValue("tunnel", name)
                            .addKeyValue("remote", context.request().remoteAddress())
                            .addKeyValue("deletion", deletion)
                            .log("tunnel was to be deleted");
                    switch (deletion) {
                        case GONE ->
                            context.response().setStatusCode(204).end().onFailure(gone -> LOGGER.atDebug()
                                    .setCause(gone)
                                    .log("admin caller left early"));
                        case UNKNOWN -> unknown(context, name);
                        case STILL_HELD ->
                            error(
                                    context,
                                    503,
                                    "still_held",
                                    "a node that holds the tunnel did not answer, or an agent has just taken it again; try again");
                    }
                })
                .onFailure(fault -> unavailable(context, fault));
    }

    private void watch(RoutingContext context, EventFeed events) {
        HttpServerResponse response = context.response();
        if (context.request().method().equals(HttpMethod.HEAD)) {
            end(context, 200, "text/event-stream", Buffer.buffer());
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
                .putHeader("X-Accel-Buffering", "no") // nginx would keep the events back.
                .setChunked(true);
        if (!events.add(response)) {
            response.setChunked(false).putHeader("Retry-After", WATCH_AGAIN_SECONDS);
            error(
                    context,
                    503,
                    "too_many_readers",
                    "%d readers watch this node already; ask another, or close a dashboard"
                            .formatted(EventFeed.MOST_READERS));
        }
    }

    private static void unknown(RoutingContext context, String name) {
        error(context, 404, "unknown_tunnel", "no tunnel is called " + name);
    }

    private static void unavailable(RoutingContext context, Throwable fault) {
        LOGGER.atWarn().setCause(fault).log("registry gave no answer; told the caller to try again");
        error(context, 503, "registry_unavailable", "the registry gave no answer; try again");
    }

    private static void description(RoutingContext context) {
        context.vertx()
                .fileSystem()
                .readFile("dev/culvert/edge/admin/openapi.yaml")
                .onSuccess(text -> end(context, 200, "application/yaml", text))
                .onFailure(context::fail);
    }

    private static void error(RoutingContext context, int status, String code, String message) {
        json(context, status, new JsonObject().put("code", code).put("message", message));
    }

    private static void json(RoutingContext context, int status, JsonObject body) {
        end(context, status, "application/json", body.toBuffer());
    }

    private static void json(RoutingContext context, int status, JsonArray body) {
        end(context, status, "application/json", body.toBuffer());
    }

    static void end(RoutingContext context, int status, String type, Buffer body) {
        HttpServerResponse response = context.response();
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
        boolean headOnly = context.request().method().equals(HttpMethod.HEAD);
        (headOnly ? response.end() : response.end(body))
                .onFailure(gone -> LOGGER.atDebug().setCause(gone).log("admin caller left early"));
    }
}

package dev.culvert.edge.admin;

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
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator's door: health, and an API that reads. Runs on its own event loop, away from the visitors'. */
public final class AdminVerticle extends VerticleBase {
    private static final Logger LOGGER = LoggerFactory.getLogger(AdminVerticle.class);

    /** The paths that anyone may ask for. */
    private static final List<String> OPEN = List.of("/healthz", "/readyz");

    /** Seconds after which a caller who says nothing more is let go; a balancer's checks come more often. */
    private static final int IDLE_SECONDS = 60;

    private final List<String> addresses;
    private final int port;
    private final Door door;
    private final BooleanSupplier ready;
    private final TunnelList tunnels;
    private final List<HttpServer> servers = new ArrayList<>();

    /**
     * Prepares it.
     *
     * @param addresses where to listen, at least one
     * @param port the port, the same on each of them; 0 for a free one
     * @param door who may ask
     * @param ready whether this node takes visitors now; asked on this verticle's event loop
     */
    public AdminVerticle(List<String> addresses, int port, Door door, BooleanSupplier ready, TunnelList tunnels) {
        this.addresses = List.copyOf(addresses);
        this.port = port;
        this.door = door;
        this.ready = ready;
        this.tunnels = tunnels;
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
        router.route().handler(this::admit);
        get(router, "/healthz", context -> json(context, 200, new JsonObject().put("status", "up")));
        get(router, "/readyz", this::readiness);
        get(router, "/api/v1/tunnels", context -> json(context, 200, tunnels.all()));
        get(router, "/api/v1/tunnels/:name", this::tunnel);
        get(router, "/openapi.yaml", AdminVerticle::description);
        router.errorHandler(404, context -> error(context, 404, "not_found", "there is nothing at this path"));
        router.errorHandler(405, context -> {
            context.response().putHeader(HttpHeaders.ALLOW, "GET, HEAD");
            error(context, 405, "method_not_allowed", "this path can only be read");
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
        door.refusal(context.request())
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
        boolean isReady = ready.getAsBoolean();
        json(context, isReady ? 200 : 503, new JsonObject().put("status", isReady ? "ready" : "draining"));
    }

    private void tunnel(RoutingContext context) {
        String name = context.pathParam("name");
        tunnels.one(name)
                .onSuccess(found -> found.ifPresentOrElse(
                        tunnel -> json(context, 200, tunnel),
                        () -> error(context, 404, "unknown_tunnel", "no tunnel is called " + name)))
                .onFailure(fault -> {
                    LOGGER.atWarn().setCause(fault).log("registry gave no answer; told the caller to try again");
                    error(context, 503, "registry_unavailable", "the registry gave no answer; try again");
                });
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

    private static void end(RoutingContext context, int status, String type, Buffer body) {
        HttpServerResponse response = context.response();
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
        boolean headOnly = context.request().method().equals(HttpMethod.HEAD);
        (headOnly ? response.end() : response.end(body))
                .onFailure(gone -> LOGGER.atDebug().setCause(gone).log("admin caller left early"));
    }
}

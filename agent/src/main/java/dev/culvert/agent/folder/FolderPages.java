package dev.culvert.agent.folder;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.FileSystemAccess;
import io.vertx.ext.web.handler.StaticHandler;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a folder's visitors are answered: its files as they are now, with ranges, and a page for each folder that has none. What
 * {@link ServedFolder} does not show is not there.
 */
final class FolderPages {
    private static final Logger LOGGER = LoggerFactory.getLogger(FolderPages.class);

    private final Vertx vertx;
    private final ServedFolder folder;

    FolderPages(Vertx vertx, Path folder) {
        this.vertx = vertx;
        this.folder = new ServedFolder(folder.toAbsolutePath().normalize());
    }

    Router router() {
        Router router = Router.router(vertx);
        router.route().handler(this::find);
        router.route()
                .handler(StaticHandler.create(
                                FileSystemAccess.ROOT, folder.folder().toString())
                        .setIndexPage(ServedFolder.INDEX)
                        .setIncludeHidden(true) // Whatever is hidden was not found.
                        .setCachingEnabled(false)); // Dates are for Conditions: its owner works on it.
        router.errorHandler(404, context -> say(context, 404, "There is nothing here."));
        router.errorHandler(405, context -> {
            context.response().putHeader(HttpHeaderNames.ALLOW, "GET, HEAD");
            say(context, 405, "This is a folder of files, which can be read.");
        });
        router.errorHandler(500, context -> {
            if (context.response().headWritten()) {
                context.response().reset(); // What is cut short must not look whole.
                return;
            }
            LOGGER.atWarn().addKeyValue("fault", context.failure()).log("file not served");
            say(context, 500, "This cannot be read.");
        });
        return router;
    }

    private void find(RoutingContext context) {
        HttpMethod method = context.request().method();
        if (!method.equals(HttpMethod.GET) && !method.equals(HttpMethod.HEAD)) {
            context.fail(405);
            return;
        }
        Optional<String> path = path(context);
        if (path.isEmpty()) {
            context.fail(404);
            return;
        }
        // What a visitor sends beside is of no use, and in the way of his next request.
        context.addEndHandler(ended -> context.request().resume());
        context.response().putHeader(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
        vertx.executeBlocking(() -> folder.find(path.get()), false)
                .onComplete(finding -> answer(context, path.get(), finding), context::fail);
    }

    private static Optional<String> path(RoutingContext context) {
        try {
            return Optional.of(context.normalizedPath());
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // Its percent-encoding makes no sense.
        }
    }

    private static void answer(RoutingContext context, String path, Finding finding) {
        if (finding instanceof Finding.Listed listed) {
            HttpServerResponse response = context.response();
            ListingPage.HEADERS.forEach(response::putHeader);
            response.end(ListingPage.of(path, listed));
        } else if (finding instanceof Finding.Content content) {
            send(context, Conditions.of(content.changed(), Instant.now()));
        } else if (finding == Finding.Other.FOLDER_WITHOUT_ITS_SLASH) {
            String query = context.request().query();
            String to = query == null ? path + "/" : path + "/?" + query;
            context.response()
                    .setStatusCode(302)
                    .putHeader(HttpHeaderNames.LOCATION, to)
                    .end();
        } else {
            context.fail(404);
        }
    }

    private static void send(RoutingContext context, Conditions conditions) {
        conditions.date().ifPresent(date -> context.response().putHeader(HttpHeaderNames.LAST_MODIFIED, date));
        if (conditions.isKnown(context.request())) {
            context.response().setStatusCode(304).end();
        } else {
            conditions.settleRange(context.request());
            context.next();
        }
    }

    private static void say(RoutingContext context, int status, String sentence) {
        context.response()
                .setStatusCode(status)
                .putHeader(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .end(sentence + "\n");
    }
}

package dev.culvert.agent.folder;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the files of a folder, for one tunnel. It listens on a Unix socket in a folder of this user's own, and on no port:
 * other users of this machine have to come through the tunnel, and pass whatever closes that. Safe for use by any
 * thread.
 */
public final class FolderServer {
    /** Beyond what an edge passes on of a request's head. */
    private static final int MOST_HEAD_BYTES = 128 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(FolderServer.class);

    private final Vertx vertx;
    private final HttpServer server;
    private final Path socket;

    private FolderServer(Vertx vertx, HttpServer server, Path socket) {
        this.vertx = vertx;
        this.server = server;
        this.socket = socket;
    }

    /** Begins to serve, on the event loop of the caller; fails where there can be no such socket. */
    public static Future<FolderServer> start(Vertx vertx, Path folder) {
        return vertx.executeBlocking(() -> Files.createTempDirectory("culvert-").resolve("folder"))
                .compose(socket -> {
                    HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                                    .setMaxInitialLineLength(MOST_HEAD_BYTES)
                                    .setMaxHeaderSize(MOST_HEAD_BYTES))
                            .connectionHandler(connection -> connection.exceptionHandler(FolderServer::broken))
                            .requestHandler(new FolderPages(vertx, folder).router());
                    FolderServer started = new FolderServer(vertx, server, socket);
                    return server.listen(started.address()).map(started).recover(fault -> started.close()
                            .transform(closed -> Future.failedFuture(fault)));
                });
    }

    /** Visitors leave in the midst of a download, and files are cut short: nobody needs to hear of it. */
    private static void broken(Throwable fault) {
        LOGGER.atDebug().addKeyValue("fault", fault).log("connection to the folder's server broken off");
    }

    /** Where it is reached. */
    public SocketAddress address() {
        return SocketAddress.domainSocketAddress(socket.toString());
    }

    /** Finishes what is under way, within 30 s, and serves no more. */
    public Future<Void> close() {
        return server.shutdown().eventually(() -> vertx.executeBlocking(this::removeSocket));
    }

    private Void removeSocket() throws IOException {
        Files.deleteIfExists(socket);
        Files.deleteIfExists(socket.getParent());
        return null;
    }
}

package dev.culvert.edge.e2e;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;

/** A page, and WebSockets that answer each message; what both sides send is compressed where the browser wants it. */
record ChatTarget(Vertx vertx, HttpServer server) implements AutoCloseable {
    static ChatTarget start() {
        Vertx vertx = Vertx.vertx();
        HttpServer server = vertx.createHttpServer()
                .requestHandler(request -> request.response()
                        .putHeader("Content-Type", "text/html")
                        .end("<title>chat</title>"))
                .webSocketHandler(socket -> socket.textMessageHandler(
                                text -> socket.writeTextMessage("{\"heard\":%s,\"by\":\"the target\"}".formatted(text)))
                        .binaryMessageHandler(socket::writeBinaryMessage))
                .listen(0, "127.0.0.1")
                .await();
        return new ChatTarget(vertx, server);
    }

    int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}

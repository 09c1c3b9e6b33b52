package dev.culvert.bench;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A server that says back what WebSockets tell it, in a process of its own. */
public final class EchoTarget implements AutoCloseable {
    private final Child server;
    private final int port;

    private EchoTarget(Child server, int port) {
        this.server = server;
        this.port = port;
    }

    static EchoTarget start(Path folder) throws IOException, InterruptedException {
        int port = Ports.free();
        Child server = Child.start("echo", folder, Map.of(), Program.java(EchoTarget.class, List.of("" + port)));
        server.awaitPort(port);
        return new EchoTarget(server, port);
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        server.close();
    }

    /**
     * The server.
     *
     * @param arguments its port
     */
    public static void main(String[] arguments) {
        int port = Integer.parseInt(arguments[0]);
        Vertx.vertx(new VertxOptions().setPreferNativeTransport(true))
                .deployVerticle(() -> new Echo(port), new DeploymentOptions().setInstances(2))
                .await();
    }

    private static final class Echo extends AbstractVerticle {
        private final int port;

        Echo(int port) {
            this.port = port;
        }

        @Override
        public void start() {
            HttpServer server = vertx.createHttpServer(new HttpServerOptions().setTcpNoDelay(true));
            server.webSocketHandler(socket -> socket.binaryMessageHandler(socket::writeBinaryMessage));
            server.listen(port, "127.0.0.1");
        }
    }
}

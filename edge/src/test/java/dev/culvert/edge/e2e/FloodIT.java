package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** More visitors at once than an edge and an agent have memory for. */
class FloodIT {
    private static final int VISITORS = 4000;

    private static final int PART = 500;

    /** An edge for about 3,100 visitors, and an agent for about 1,400 streams. */
    private static final Map<String, String> EDGE = Map.of("CULVERT_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -Xmx96m");

    private static final Map<String, String> AGENT = Map.of("CULVERT_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -Xmx32m");

    // Their connections end with them, and they end when nobody holds them.
    private NetClient client;
    private HttpServer target;

    @RegisterExtension
    final Stage stage = new Stage();

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger overloaded = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final Queue<NetSocket> connected = new ConcurrentLinkedQueue<>();

    @Test
    void whoIsTooMuchIsToldSoAndNeitherEdgeNorAgentIsWorseForIt() throws Exception {
        Vertx vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().await());
        startTargetThatAnswersOnlyWhoAsksForOk(vertx);
        client = vertx.createNetClient(new NetClientOptions().setSoLinger(0)); // Whose end is noticed at once.
        RunningEdge edge = RunningEdge.of(
                stage.culvert("edge", EDGE, "edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"),
                "localhost");
        RunningAgent agent = RunningAgent.start(stage, "home", AGENT, edge, "" + target.actualPort(), "--lanes", "1");
        String name = agent.awaitName();

        // In parts, or some are closed because so many at once have said nothing yet.
        for (int come = PART; come <= VISITORS; come += PART) {
            int all = come;
            flood(edge.httpPort(), edge.host(name));
            Awaitility.await().atMost(Stage.PATIENCE).until(() -> asked.get() + overloaded.get() + closed.get() >= all);
        }

        assertTrue(asked.get() > 1000 && asked.get() < 1500, asked + " reached the target");
        assertTrue(overloaded.get() > 0 && closed.get() > 0, overloaded + " were told, " + closed + " closed");
        String metrics = Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/metrics")
                .body();
        assertTrue(
                Pattern.compile("culvert_connections_refused_total\\{reason=\"full\"\\} [1-9]")
                        .matcher(metrics)
                        .find(),
                metrics);
        connected.forEach(NetSocket::close);
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .ignoreExceptions()
                .until(() -> edge.get(name, "/ok").status() == 200);
        assertTrue(edge.program().isAlive() && agent.program().isAlive());
        assertEquals(List.of(name), List.of(edge.tunnels().getJsonObject(0).getString("name")));
    }

    private void startTargetThatAnswersOnlyWhoAsksForOk(Vertx vertx) {
        target = vertx.createHttpServer()
                .requestHandler(request -> {
                    if (request.path().equals("/ok")) {
                        request.response().end("ok");
                    } else {
                        asked.incrementAndGet();
                    }
                })
                .listen(0, "127.0.0.1")
                .await();
    }

    private void flood(int port, String host) {
        String request = "GET /hang HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host);
        for (int i = 0; i < PART; i++) {
            client.connect(port, "127.0.0.1")
                    .onSuccess(socket -> {
                        connected.add(socket);
                        AtomicInteger answers = new AtomicInteger();
                        socket.handler(bytes -> {
                            if (bytes.toString().contains("culvert-error: overloaded")) {
                                answers.incrementAndGet();
                                overloaded.incrementAndGet();
                            }
                        });
                        socket.closeHandler(gone -> {
                            if (answers.get() == 0) {
                                closed.incrementAndGet();
                            }
                        });
                        socket.exceptionHandler(reset -> {}); // Its end is heard of.
                        socket.write(request).onFailure(left -> {});
                    })
                    .onFailure(refused -> closed.incrementAndGet());
        }
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
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
    private HttpClientAgent asking;

    @RegisterExtension
    final Stage stage = new Stage();

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger overloaded = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger closedOfHttp2 = new AtomicInteger();
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
        assertTrue(overloaded.get() > 0, overloaded + " were told, " + closed + " closed");
        String metrics = Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/metrics")
                .body();
        assertTrue(
                Pattern.compile("culvert_connections_refused_total\\{reason=\"(full|idle)\"\\} [1-9]")
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

    @Test
    void idleVisitorsGiveWay() throws Exception {
        Vertx vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().await());
        RunningEdge edge = RunningEdge.of(
                stage.culvert("edge", EDGE, "edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"),
                "localhost");
        asking = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));

        // When more come than there is room for, ask until they have an answer, and stay; each eighth by HTTP/2
        client = vertx.createNetClient();
        for (int come = PART; come <= VISITORS; come += PART) {
            int all = come;
            for (int i = 0; i < PART; i++) {
                if (i % 8 == 0) {
                    askByHttp2(edge);
                } else {
                    askAndStay(edge.httpPort(), edge.host("nobody"));
                }
            }
            Awaitility.await().atMost(Stage.PATIENCE).until(() -> answered.get() >= all);
        }

        // Then all of them got their answer, and those who had waited longest were closed for the others
        String metrics = Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/metrics")
                .body();
        Matcher idle = Pattern.compile("culvert_connections_refused_total\\{reason=\"idle\"} ([0-9]+)")
                .matcher(metrics);
        assertTrue(idle.find(), metrics);
        assertTrue(Integer.parseInt(idle.group(1)) > VISITORS / 8, metrics);
        assertTrue(closed.get() > 0 && closedOfHttp2.get() > 0, closed + " and " + closedOfHttp2);
    }

    private void askByHttp2(RunningEdge edge) {
        asking.connect(new HttpConnectOptions().setHost("127.0.0.1").setPort(edge.httpPort()))
                .compose(connection -> {
                    connection.closeHandler(gone -> closedOfHttp2.incrementAndGet());
                    return connection
                            .request(new RequestOptions().setHost(edge.host("nobody")))
                            .compose(HttpClientRequest::send);
                })
                .onSuccess(answer -> answered.incrementAndGet())
                .onFailure(noRoom -> askByHttp2(edge)); // Nobody has been idle for a second.
    }

    private void askAndStay(int port, String host) {
        client.connect(port, "127.0.0.1").onSuccess(socket -> {
            connected.add(socket);
            AtomicBoolean first = new AtomicBoolean(true);
            socket.handler(bytes -> {
                if (first.getAndSet(false)) {
                    answered.incrementAndGet();
                }
            });
            socket.closeHandler(gone -> {
                if (first.get()) {
                    askAndStay(port, host); // Nobody has been idle for a second.
                } else {
                    closed.incrementAndGet();
                }
            });
            socket.exceptionHandler(reset -> {}); // Its end is heard of.
            socket.write("GET / HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host)).onFailure(left -> {});
        });
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

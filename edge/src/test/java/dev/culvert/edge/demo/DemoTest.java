package dev.culvert.edge.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ListenPort;
import dev.culvert.edge.EdgeOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpResponseExpectation;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The demo in this JVM: an edge, an agent and the sample site, and everything through the tunnel. */
class DemoTest {
    private static final EdgeOptions FREE_PORTS = Demo.OPTIONS
            .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
            .withEventLoops(2)
            .withDrainTimeout(Duration.ofSeconds(20));

    private static final StringWriter OUT = new StringWriter();
    private static Vertx vertx;
    private static Demo demo;
    private static HttpClient client;
    /** Vert.x closes a client that nobody holds. */
    private WebSocketClient sockets;

    @BeforeAll
    static void start() throws Exception {
        vertx = Vertx.vertx();
        demo = startDemo(FREE_PORTS);
        client = vertx.createHttpClient();
    }

    private static Demo startDemo(EdgeOptions options) throws Exception {
        return Demo.start(vertx, options, new PrintWriter(OUT, true)).await(60, TimeUnit.SECONDS);
    }

    @AfterAll
    static void stop() throws Exception {
        demo.close().await(30, TimeUnit.SECONDS);
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void pageAndAllItNeedsComeThroughTheTunnel() throws Exception {
        String page = get("/").toString();

        assertTrue(page.contains("id=\"ws-count\"") && page.contains("id=\"sse-count\""), page);
        for (String file : List.of("/site.css", "/site.js", "/icon.svg")) {
            assertTrue(page.contains(file), "the page uses " + file);
            assertTrue(get(file).length() > 0, file);
        }
    }

    @Test
    void siteSeesWhoTheVisitorSaysItWantsAndWhereItComesFrom() throws Exception {
        JsonObject seen = get("/api/request").toJsonObject();

        assertEquals("demo.localhost:" + http(), header(seen, "Host"));
        assertEquals("127.0.0.1", header(seen, "X-Forwarded-For"));
        assertEquals("http", header(seen, "X-Forwarded-Proto"));
        assertEquals(demo.sitePort(), seen.getInteger("port"));
    }

    @Test
    void siteSeesWhichEdgeServedAndWhetherTheRequestWasRelayed() throws Exception {
        JsonObject direct = get("/api/request").toJsonObject();
        JsonObject relayed = get("/api/request", demo.second().ports().http()).toJsonObject();

        assertEquals("edge-1", header(direct, "Culvert-Node"));
        assertEquals("", header(direct, "Culvert-Relayed"));
        assertEquals("edge-2", header(relayed, "Culvert-Node"));
        assertEquals("true", header(relayed, "Culvert-Relayed"));
    }

    @Test
    void uploadArrivesUnchanged() throws Exception {
        byte[] noise = new byte[3 * 1024 * 1024];
        new Random(7).nextBytes(noise);
        Digest sent = new Digest();
        sent.update(Buffer.buffer(noise));

        HttpClientRequest request =
                client.request(to("/api/upload").setMethod(HttpMethod.POST)).await(10, TimeUnit.SECONDS);
        JsonObject answer = request.send(Buffer.buffer(noise))
                .compose(HttpClientResponse::body)
                .await(30, TimeUnit.SECONDS)
                .toJsonObject();

        assertEquals(noise.length, answer.getInteger("bytes"));
        assertEquals(HexFormat.of().formatHex(sent.value()), answer.getString("sha256"));
    }

    @Test
    void downloadIsWhatItsDigestAnnounced() throws Exception {
        Digest got = new Digest();
        HttpClientResponse response = client.request(to("/api/download"))
                .compose(HttpClientRequest::send)
                .compose(answer -> {
                    answer.handler(got::update);
                    return answer.end().map(answer);
                })
                .await(60, TimeUnit.SECONDS);

        assertEquals(Download.BYTES, got.bytes());
        String announced = response.getHeader("Content-Digest").replaceAll("sha-256=:(.*):", "$1");
        assertArrayEquals(Base64.getDecoder().decode(announced), got.value());
    }

    @Test
    void downloadUnderWayFinishesBeforeTheEdgeStops() throws Exception {
        Demo stopped = startDemo(FREE_PORTS);
        Digest got = new Digest();
        Promise<HttpClientResponse> begun = Promise.promise();
        Promise<Void> ended = Promise.promise();
        // Given a visitor who has read the head and a little, and then stands still
        client.request(to("/api/download", stopped))
                .compose(HttpClientRequest::send)
                .onSuccess(response -> {
                    response.handler(piece -> {
                        got.update(piece);
                        if (!begun.future().isComplete()) {
                            response.pause();
                            begun.complete(response);
                        }
                    });
                    response.end().onComplete(ended);
                });
        HttpClientResponse response = begun.future().await(10, TimeUnit.SECONDS);

        // When the edge is told to stop, and the visitor reads on
        Future<Void> closed = stopped.edge().close();
        assertFalse(closed.isComplete());
        response.resume();

        // Then all of it arrives, and only then the edge is gone
        ended.future().await(30, TimeUnit.SECONDS);
        assertEquals(Download.BYTES, got.bytes());
        closed.await(60, TimeUnit.SECONDS);
        stopped.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void webSocketEchoes() throws Exception {
        BlockingQueue<String> echoes = new LinkedBlockingQueue<>();
        sockets = vertx.createWebSocketClient();
        WebSocket socket = sockets.connect(new WebSocketConnectOptions()
                        .setServer(edge())
                        .setHost("demo.localhost")
                        .setPort(http())
                        .setURI("/api/echo"))
                .await(10, TimeUnit.SECONDS);
        socket.textMessageHandler(echoes::add);

        socket.writeTextMessage("hello").await(10, TimeUnit.SECONDS);
        socket.writeTextMessage("again").await(10, TimeUnit.SECONDS);

        assertEquals("hello", echoes.poll(10, TimeUnit.SECONDS));
        assertEquals("again", echoes.poll(10, TimeUnit.SECONDS));
        socket.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void eventsArriveWhileTheResponseGoesOn() throws Exception {
        BlockingQueue<String> events = new LinkedBlockingQueue<>();
        client.request(to("/api/events"))
                .compose(HttpClientRequest::send)
                .onSuccess(response -> response.handler(piece -> events.add(piece.toString())))
                .await(10, TimeUnit.SECONDS);

        assertTrue(String.valueOf(events.poll(10, TimeUnit.SECONDS)).contains("\"n\":1,"));
        assertTrue(String.valueOf(events.poll(10, TimeUnit.SECONDS)).contains("\"n\":2,"));
    }

    @Test
    void adminShowsTheTunnelItsAgentAndWhatItCarried() throws Exception {
        get("/");
        JsonArray tunnels = client.request(new RequestOptions()
                        .setServer(SocketAddress.inetSocketAddress(
                                demo.edge().ports().admin(), "127.0.0.1"))
                        .setHost("localhost")
                        .setPort(demo.edge().ports().admin())
                        .setURI("/api/v1/tunnels"))
                .compose(HttpClientRequest::send)
                .compose(HttpClientResponse::body)
                .await(10, TimeUnit.SECONDS)
                .toJsonArray();

        assertEquals(1, tunnels.size());
        JsonObject tunnel = tunnels.getJsonObject(0);
        assertEquals("demo", tunnel.getString("name"));
        assertEquals("http://demo.localhost:" + http(), tunnel.getString("url"));
        assertTrue(tunnel.getLong("requests") >= 1, tunnel.encode());
        assertEquals(1, tunnel.getJsonArray("holders").size());
        assertTrue(
                tunnel.getJsonArray("holders")
                        .getJsonObject(0)
                        .getString("address")
                        .startsWith("127.0.0.1:"),
                tunnel.encode());
    }

    @Test
    void greetingSaysWhereToLook() {
        demo.greet();

        assertTrue(OUT.toString().contains("http://demo.localhost:" + http()), OUT.toString());
        assertTrue(
                OUT.toString()
                        .contains("curl -H 'Host: demo.localhost:%d' http://127.0.0.1:%d/".formatted(http(), http())),
                OUT.toString());
        assertTrue(
                OUT.toString()
                        .contains(
                                "http://demo.localhost:" + demo.second().ports().http()),
                OUT.toString());
        assertTrue(OUT.toString().contains("docs/dns.md"), OUT.toString());
        assertTrue(OUT.toString().contains("Ctrl-C"), OUT.toString());
    }

    @Test
    void portThatIsTakenIsNamedAndAFreeOneUsed() throws Exception {
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
            ListenPort port = new ListenPort(taken.getLocalPort());

            Demo second = startDemo(FREE_PORTS.withPorts(port, ListenPort.FREE, ListenPort.FREE));

            assertTrue(OUT.toString().contains("Port %d is taken".formatted(port.number())), OUT.toString());
            assertTrue(second.edge().ports().http() != port.number());
            second.close().await(30, TimeUnit.SECONDS);
        }
    }

    private Buffer get(String path) throws Exception {
        return get(path, http());
    }

    private Buffer get(String path, int port) throws Exception {
        return client.request(to(path).setServer(SocketAddress.inetSocketAddress(port, "127.0.0.1")))
                .compose(HttpClientRequest::send)
                .expecting(HttpResponseExpectation.SC_OK)
                .compose(HttpClientResponse::body)
                .await(10, TimeUnit.SECONDS);
    }

    private RequestOptions to(String path) {
        return to(path, demo);
    }

    private static RequestOptions to(String path, Demo which) {
        int port = which.edge().ports().http();
        return new RequestOptions()
                .setServer(SocketAddress.inetSocketAddress(port, "127.0.0.1"))
                .setHost("demo.localhost")
                .setPort(port)
                .setURI(path);
    }

    private SocketAddress edge() {
        return SocketAddress.inetSocketAddress(http(), "127.0.0.1");
    }

    private int http() {
        return demo.edge().ports().http();
    }

    private static String header(JsonObject seen, String name) {
        for (Object one : seen.getJsonArray("headers")) {
            JsonArray field = (JsonArray) one;
            if (field.getString(0).equalsIgnoreCase(name)) {
                return field.getString(1);
            }
        }
        return "";
    }
}

package dev.culvert.edge;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ListenPort;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** localtunnel's clients, played by the test, at a whole edge. */
@Timeout(60)
class LocaltunnelTest {
    private static final String CLIENTS_ACCEPT = "application/json, text/plain, */*";

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final HttpClient client = vertx.createHttpClient();
    private final Context asking = vertx.getOrCreateContext();
    private final List<Socket> sockets = new ArrayList<>();
    private final HeardTunnels heard = new HeardTunnels();
    private Edge edge;

    @BeforeEach
    void start() throws Exception {
        edge = Edge.start(
                        vertx,
                        EdgeOptions.DEFAULT
                                .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
                                .withDrainTimeout(Duration.ZERO)
                                .withLocaltunnel(),
                        null,
                        heard)
                .await(30, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket socket : sockets) {
            socket.close();
        }
        edge.close().await(30, TimeUnit.SECONDS);
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void clientGetsANameAPortAndTheUrlOfIt() throws Exception {
        JsonObject made = register("/?new");
        assertTrue(made.getString("id").matches("[a-z]+-[a-z]+-[0-9a-z]{5}"), made.encode());
        assertEquals(10, made.getInteger("max_conn_count"));
        assertEquals(
                "http://%s.localhost:%d"
                        .formatted(made.getString("id"), edge.ports().http()),
                made.getString("url"));

        JsonObject wanted = register("/my-app");
        assertEquals("my-app", wanted.getString("id"));
        assertNotEquals(made.getInteger("port"), wanted.getInteger("port"));
        assertFalse(wanted.containsKey("ip"));
    }

    @Test
    void embedderHearsOfItsTunnelsToo() throws Exception {
        JsonObject made = register("/my-app");

        BoundTunnel bound = heard.await(true);
        assertEquals("my-app", bound.name());
        assertEquals(made.getString("url"), bound.url());
        assertEquals("localtunnel", bound.kind());
        assertEquals("localtunnel:127.0.0.1", bound.owner());
        assertEquals("127.0.0.1", bound.remote());
        edge.close().await(30, TimeUnit.SECONDS);
        assertEquals(bound, heard.await(false));
    }

    @Test
    void namesThatTheReferenceServerRefusesAreRefusedInItsWords() throws Exception {
        for (String name : List.of("abc", "My-App", "-my-app", "my_app", "a%20b", "x".repeat(64))) {
            Answer refused = get("localhost", "/" + name, CLIENTS_ACCEPT);
            assertEquals(403, refused.status(), name);
            assertEquals(
                    "Invalid subdomain. Subdomains must be lowercase and between 4 and 63 alphanumeric characters.",
                    refused.json().getString("message"));
        }
    }

    @Test
    void browserThatComesAlongTakesNoName() throws Exception {
        assertEquals(404, get("localhost", "/my-app", "text/html,*/*").status());
        assertEquals(
                404, get("localhost", "/my-app", "image/avif,image/webp,*/*").status());
        assertEquals(200, get("localhost", "/?new", "text/html,*/*").status());
        assertEquals(404, get("localhost", "/favicon.ico", CLIENTS_ACCEPT).status());
        assertEquals(200, get("localhost", "/?renew&%zz", CLIENTS_ACCEPT).status());
        assertEquals(new JsonArray(), tunnels());
    }

    @Test
    void eachRequestHasASocketOfItsOwn() throws Exception {
        int port = register("/my-app").getInteger("port");
        Socket first = connect(port);
        Socket second = connect(port);

        CompletableFuture<Answer> one = visit("my-app", "/one");
        String request = head(first);
        assertTrue(request.startsWith("GET /one HTTP/1.1\r\n"), request);
        assertTrue(request.contains("\r\nhost: my-app.localhost:" + edge.ports().http() + "\r\n"), request);
        assertTrue(request.contains("\r\nconnection: close\r\n"), request);
        answer(first, "1");
        assertEquals("1", body(one));
        assertEquals(-1, first.getInputStream().read(), "the socket is done, though its target would have kept it");

        CompletableFuture<Answer> two = visit("my-app", "/two");
        head(second);
        answer(second, "2");
        assertEquals("2", body(two));
    }

    @Test
    void nameThatIsInUseGivesAnotherOne() throws Exception {
        connect(register("/my-app").getInteger("port"));
        awaitConnected("my-app", 1);

        JsonObject other = register("/my-app");

        assertNotEquals("my-app", other.getString("id"));
    }

    @Test
    void clientThatComesBackHasItsNameAndItsPort() throws Exception {
        int port = register("/my-app").getInteger("port");
        Socket socket = connect(port);
        awaitConnected("my-app", 1);
        socket.close();
        awaitConnected("my-app", 0);

        JsonObject again = register("/my-app");

        assertEquals("my-app", again.getString("id"));
        assertEquals(port, again.getInteger("port"));
    }

    @Test
    void twoWhoAskForANameBeforeEitherConnectsDoNotShareIt() throws Exception {
        JsonObject first = register("/my-app");
        JsonObject second = register("/my-app");

        assertEquals("my-app", first.getString("id"));
        assertNotEquals("my-app", second.getString("id"));
        assertNotEquals(first.getInteger("port"), second.getInteger("port"));
    }

    @Test
    void nameOfAClientThatHasGoneIsReservedAndItsOwnAgainWhenItConnects() throws Exception {
        int port = register("/my-app").getInteger("port");
        connect(port).close();
        await().until(() -> tunnels().getJsonObject(0).getString("reservedUntil") != null);
        assertEquals(new JsonArray(), tunnels().getJsonObject(0).getJsonArray("holders"));

        Socket back = connect(port);
        await().until(() -> tunnels().getJsonObject(0).getString("reservedUntil") == null);

        CompletableFuture<Answer> visit = visit("my-app", "/");
        head(back);
        answer(back, "back");
        assertEquals("back", body(visit));
    }

    @Test
    void clientThatNeverConnectsLosesItsNameAndItsPort() throws Exception {
        int port = register("/my-app").getInteger("port");

        await().until(() -> tunnels().isEmpty());

        await().until(() -> isRefused(port));
        assertEquals(404, visit("my-app", "/").get(10, TimeUnit.SECONDS).status());
    }

    @Test
    void visitorWaitsForASocketToBeFree() throws Exception {
        int port = register("/my-app").getInteger("port");
        Socket busy = connect(port);
        CompletableFuture<Answer> first = visit("my-app", "/");
        head(busy);

        CompletableFuture<Answer> second = visit("my-app", "/");
        Socket free = connect(port);
        head(free);
        answer(free, "second");

        assertEquals("second", body(second));
        answer(busy, "first");
        assertEquals("first", body(first));
    }

    @Test
    void visitorWhoFindsAllSocketsInUseIsToldToComeBack() throws Exception {
        Socket busy = connect(register("/my-app").getInteger("port"));
        visit("my-app", "/");
        head(busy);

        Answer refused = visit("my-app", "/").get(20, TimeUnit.SECONDS);

        assertEquals(503, refused.status());
        assertEquals("overloaded", refused.headers().get("culvert-error"));
        assertTrue(refused.headers().contains("retry-after"));
    }

    @Test
    void visitorOfAClientThatHasGoneIsToldSo() throws Exception {
        connect(register("/my-app").getInteger("port")).close();

        Answer refused = visit("my-app", "/").get(20, TimeUnit.SECONDS);

        assertEquals(503, refused.status());
        assertEquals("tunnel_offline", refused.headers().get("culvert-error"));
    }

    @Test
    void socketThatSpeaksBeforeItIsAskedIsClosedAndNobodyReadsWhatItSaid() throws Exception {
        int port = register("/my-app").getInteger("port");
        Socket rash = connect(port);
        rash.getOutputStream().write(text("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"));
        assertEquals(-1, rash.getInputStream().read());

        CompletableFuture<Answer> visit = visit("my-app", "/");
        Socket good = connect(port);
        head(good);
        answer(good, "good");

        assertEquals("good", body(visit));
    }

    @Test
    void socketThatBreaksInAnAnswerBreaksTheAnswer() throws Exception {
        Socket socket = connect(register("/my-app").getInteger("port"));
        CompletableFuture<Answer> visit = visit("my-app", "/");
        head(socket);
        socket.getOutputStream().write(text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"));
        socket.setSoLinger(true, 0);
        socket.close();

        assertTrue(visit.handle((answer, fault) -> fault != null).get(10, TimeUnit.SECONDS));
    }

    @Test
    void operatorSeesTheTunnelAndTakesItAway() throws Exception {
        int port = register("/my-app").getInteger("port");
        Socket socket = connect(port);
        awaitConnected("my-app", 1);
        JsonObject tunnel = tunnels().getJsonObject(0);
        assertEquals("localtunnel", tunnel.getString("kind"));
        assertEquals("localtunnel:127.0.0.1", tunnel.getString("owner"));
        assertEquals(
                "127.0.0.1", tunnel.getJsonArray("holders").getJsonObject(0).getString("address"));
        assertEquals(1, get("localhost", "/api/status", "*/*").json().getInteger("tunnels"));

        Answer deleted = ask(HttpMethod.DELETE, "localhost", edge.ports().admin(), "/api/v1/tunnels/my-app", "*/*")
                .get(10, TimeUnit.SECONDS);

        assertEquals(204, deleted.status());
        assertEquals(-1, socket.getInputStream().read());
        await().until(() -> isRefused(port));
        assertEquals(404, get("localhost", "/api/tunnels/my-app/status", "*/*").status());
    }

    @Test
    void nodeThatIsAboutToStopTakesNobodyWhoWouldHaveToComeAgain() throws Exception {
        Edge stopping = Edge.start(
                        vertx,
                        EdgeOptions.DEFAULT
                                .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
                                .withDrainNotice(Duration.ofSeconds(2))
                                .withLocaltunnel())
                .await(30, TimeUnit.SECONDS);
        Future<Void> closed = stopping.close();

        Answer refused = ask(HttpMethod.GET, "localhost", stopping.ports().http(), "/?new", CLIENTS_ACCEPT)
                .get(10, TimeUnit.SECONDS);

        assertEquals(503, refused.status());
        closed.await(60, TimeUnit.SECONDS);
    }

    @Test
    void oneClientHasNoMoreThanItsShare() throws Exception {
        for (int i = 0; i < 100; i++) {
            register("/?new");
        }

        Answer refused = get("localhost", "/?new", CLIENTS_ACCEPT);

        assertEquals(503, refused.status());
        assertTrue(refused.json().getString("message").contains("too many"), refused.body());
    }

    private JsonObject register(String path) throws Exception {
        Answer answer = get("localhost", path, CLIENTS_ACCEPT);
        assertEquals(200, answer.status(), answer.body());
        return answer.json();
    }

    private Answer get(String host, String path, String accept) throws Exception {
        return ask(HttpMethod.GET, host, edge.ports().http(), path, accept).get(20, TimeUnit.SECONDS);
    }

    private CompletableFuture<Answer> visit(String name, String path) {
        return ask(HttpMethod.GET, name + ".localhost", edge.ports().http(), path, "*/*");
    }

    private CompletableFuture<Answer> ask(HttpMethod method, String host, int port, String path, String accept) {
        RequestOptions request = new RequestOptions()
                .setMethod(method)
                .setServer(SocketAddress.inetSocketAddress(port, "127.0.0.1"))
                .setHost(host)
                .setPort(port)
                .setURI(path)
                .putHeader("Accept", accept);
        CompletableFuture<Answer> whole = new CompletableFuture<>();
        // On one event loop from first to last: on another thread the body may have gone by before it is asked for.
        asking.runOnContext(now -> client.request(request)
                .compose(HttpClientRequest::send)
                .compose(response -> response.body()
                        .map(body -> new Answer(response.statusCode(), response.headers(), body.toString())))
                .onComplete(whole::complete, whole::completeExceptionally));
        return whole;
    }

    /** A whole answer. */
    private record Answer(int status, MultiMap headers, String body) {
        JsonObject json() {
            return new JsonObject(body);
        }
    }

    private static String body(CompletableFuture<Answer> answer) throws Exception {
        return answer.get(10, TimeUnit.SECONDS).body();
    }

    private Socket connect(int port) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(10_000);
        sockets.add(socket);
        return socket;
    }

    private static boolean isRefused(int port) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return false;
        } catch (ConnectException e) {
            return true;
        }
    }

    private static String head(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int read = socket.getInputStream().read();
            assertNotEquals(-1, read, "the socket ended after " + head);
            head.append((char) read);
        }
        return head.toString();
    }

    private static void answer(Socket socket, String body) throws IOException {
        socket.getOutputStream()
                .write(text("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s".formatted(body.length(), body)));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void awaitConnected(String name, int sockets) {
        await().until(() -> sockets
                == new JsonObject(get("localhost", "/api/tunnels/" + name + "/status", "*/*")
                                .body())
                        .getInteger("connected_sockets"));
    }

    private JsonArray tunnels() throws Exception {
        return new JsonArray(ask(HttpMethod.GET, "localhost", edge.ports().admin(), "/api/v1/tunnels", "*/*")
                .get(10, TimeUnit.SECONDS)
                .body());
    }
}

package dev.culvert.agent.localtunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.testkit.LeakFree;
import dev.culvert.testkit.ScriptedPeer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakFree.class)
class LocaltunnelClientTest {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n";

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final Heard heard = new Heard();
    private ScriptedServer server;
    private ServerSocket target;
    private LocaltunnelClient client;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer(3);
        target = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        target.setSoTimeout((int) ScriptedPeer.PATIENCE.toMillis());
    }

    @AfterEach
    void stop() throws Exception {
        if (client != null) {
            get(client.close());
        }
        get(vertx.close());
        server.close();
        target.close();
    }

    @Test
    void socketsAreOpenedForATunnelThatTheServerNames() throws Exception {
        TunnelState.Connected online = get(client(options()).open());

        assertEquals(new TunnelState.Connected("quick-otter", "http://quick-otter.example.com"), online);
        assertEquals(new ScriptedServer.Asked("/?new", "application/json"), server.nextAsked());
        assertEquals(3, server.nextSockets().size());
        assertEquals(online, heard.await(TunnelState.Connected.class));
    }

    @Test
    void nameThatIsWantedIsAskedFor() throws Exception {
        assertEquals("shop", get(client(options().withSubdomain("shop")).open()).name());
        assertEquals("/shop", server.nextAsked().uri());
    }

    @Test
    void nameInUseIsSaid() throws Exception {
        server.answer(200, server.granted("calm-heron").encode());

        TunnelState.Connected online =
                get(client(options().withSubdomain("shop")).open());

        assertEquals("calm-heron", online.name());
        assertEquals("the name shop is in use; this tunnel has the name calm-heron now", heard.nextSentence());
    }

    @Test
    void redirectIsFollowed() throws Exception {
        server.answer(302, Map.of("Location", "/elsewhere"), "");

        assertEquals("elsewhere", get(client(options()).open()).name());
        server.nextAsked();
        assertEquals(new ScriptedServer.Asked("/elsewhere", "application/json"), server.nextAsked());
    }

    @Test
    void visitorReachesTheTargetAndAnotherSocketTakesThePlace() throws Exception {
        get(client(options()).open());
        Socket socket = server.nextSockets().get(1);

        send(socket, REQUEST);
        Socket local = target.accept();
        assertEquals(REQUEST, read(local, REQUEST.length()));
        send(local, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        local.close();

        assertEquals("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", readAll(socket));
        socket.close();
        assertTrue(server.nextSocket().isConnected());
        assertEquals(REQUEST.length(), heard.nextConnection().bytesIn());
    }

    @Test
    void targetIsDialedOnlyWhenAVisitorHasSaidSomething() throws Exception {
        get(client(options()).open());
        List<Socket> sockets = server.nextSockets();

        send(sockets.get(2), "later");

        assertEquals("later", read(target.accept(), 5));
        target.setSoTimeout(1);
        assertThrows(IOException.class, target::accept, "one visitor, one connection");
    }

    @Test
    void halfClosedVisitorStillGetsTheAnswer() throws Exception {
        get(client(options()).open());
        Socket socket = server.nextSockets().get(0);

        send(socket, REQUEST);
        socket.shutdownOutput();
        Socket local = target.accept();

        assertEquals(REQUEST, readAll(local));
        send(local, "answer");
        local.close();
        assertEquals("answer", readAll(socket));
    }

    @Test
    void brokenTargetBreaksTheVisitorsSocket() throws Exception {
        get(client(options()).open());
        Socket socket = server.nextSockets().get(0);
        send(socket, REQUEST);
        Socket local = target.accept();
        read(local, REQUEST.length());

        local.setSoLinger(true, 0);
        local.close();

        assertThrows(IOException.class, () -> readAll(socket), "an end would look as if all had been said");
    }

    @Test
    void hostIsReplacedWhereALocalHostIsNamed() throws Exception {
        get(client(options().withLocalHost("localhost")).open());
        Socket socket = server.nextSockets().get(0);

        send(socket, REQUEST);

        String expected = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assertEquals(expected, read(target.accept(), expected.length()));
    }

    @Test
    void visitorOfATargetThatDoesNotAnswerIsToldSo() throws Exception {
        target.close();
        get(client(options()).open());
        Socket socket = server.nextSockets().get(0);

        send(socket, REQUEST);

        String why = "nothing answers on 127.0.0.1:%d (connection refused)".formatted(target.getLocalPort());
        String answer = readAll(socket);
        assertTrue(answer.startsWith("HTTP/1.1 502 Bad Gateway\r\n"), answer);
        assertTrue(answer.endsWith("\r\n\r\nThe tunnel is there, but " + why + ".\n"), answer);
        assertEquals(why, heard.nextSentence());
        socket.close();
        assertTrue(server.nextSocket().isConnected());
    }

    @Test
    void refusalIsToldInTheServersWordsAndNotTriedAgain() throws Exception {
        server.answer(403, "{\"message\":\"Invalid subdomain.\"}");

        String why = failure(client(options().withSubdomain("a")).open());

        assertEquals(server.url() + " says: Invalid subdomain.", why);
        assertEquals(new TunnelState.Offline(why), heard.await(TunnelState.Offline.class));
    }

    @Test
    void serverItselfIsNoTarget() throws Exception {
        assertEquals(
                "127.0.0.1:%d is the server itself: name the port of your own application"
                        .formatted(server.url().getPort()),
                failure(client(LocaltunnelOptions.of(server.url(), server.url().getPort()))
                        .open()));
    }

    @Test
    void whatIsNoLocaltunnelServerIsSaid() throws Exception {
        String noServer = server.url() + " answers, but not as a localtunnel server does ";
        server.answer(404, "<p>not here</p>");
        assertEquals(noServer + "(status 404)", failure(client(options()).open()));
        server.answer(200, "<p>welcome</p>");
        assertEquals(
                noServer + "(what it says is no JSON object)",
                failure(client(options()).open()));
        server.answer(200, "{\"id\":\"%s\"}".formatted("a".repeat(64 * 1024)));
        assertEquals(
                noServer + "(its answer is too long)", failure(client(options()).open()));
        server.answer(200, server.granted("shop").put("port", 0).encode());
        assertEquals(
                noServer + "(a port is between 1 and 65535, not 0)",
                failure(client(options()).open()));
    }

    @Test
    void serverThatCannotNowIsAskedAgain() throws Exception {
        server.answer(503, "{\"message\":\"no port is free\"}");
        server.answer(429, Map.of("Retry-After", "1"), "");

        Future<TunnelState.Connected> opening = client(options()).open();

        TunnelState.Reconnecting first = heard.await(TunnelState.Reconnecting.class);
        assertEquals(server.url() + " cannot now: no port is free", first.why());
        TunnelState.Reconnecting second = heard.await(TunnelState.Reconnecting.class);
        assertEquals(server.url() + " cannot now: status 429", second.why());
        assertTrue(second.delay().compareTo(Duration.ofSeconds(1)) >= 0, second.toString());
        assertEquals("quick-otter", get(opening).name());
    }

    @Test
    void serverThatIsNotThereYetIsAskedAgain() throws Exception {
        server.stop();
        Future<TunnelState.Connected> opening = client(options()).open();
        assertEquals(
                "no answer from %s (connection refused)".formatted(server.url()),
                heard.await(TunnelState.Reconnecting.class).why());

        server.startAgain();

        assertEquals("quick-otter", get(opening).name());
    }

    @Test
    void withoutReconnectingTheFirstFailureIsTheLast() throws Exception {
        server.stop();

        assertEquals(
                "no answer from %s (connection refused)".formatted(server.url()),
                failure(client(options().withReconnect(Reconnect.NONE)).open()));
    }

    @Test
    void restartedServerIsAskedForTheSameName() throws Exception {
        get(client(options()).open());
        server.nextAsked();
        server.nextSockets();
        heard.await(TunnelState.Connected.class);

        server.stop();
        heard.await(TunnelState.Reconnecting.class);
        server.startAgain();

        assertEquals(
                new TunnelState.Connected("quick-otter", "http://quick-otter.example.com"),
                heard.await(TunnelState.Connected.class));
        assertEquals("/quick-otter", server.nextAsked().uri());
        Socket socket = server.nextSockets().get(0);
        send(socket, REQUEST);
        assertEquals(REQUEST, read(target.accept(), REQUEST.length()));
    }

    @Test
    void nameThatTheServerStillHoldsForTheLostTunnelIsWaitedFor() throws Exception {
        get(client(options()).open());
        server.nextSockets();
        heard.await(TunnelState.Connected.class);
        server.answer(200, server.granted("calm-heron").encode());

        server.closePort();
        TunnelState.Reconnecting lost = heard.await(TunnelState.Reconnecting.class);
        TunnelState.Reconnecting waiting = heard.await(TunnelState.Reconnecting.class);
        server.openPort();

        assertTrue(lost.why().startsWith("the tunnel's port 127.0.0.1:"), lost.why());
        assertEquals("the name quick-otter is still in use", waiting.why());
        assertTrue(waiting.edgeAnswers());
        assertEquals("quick-otter", heard.await(TunnelState.Connected.class).name());
    }

    @Test
    void serverThatKnowsNoNamesGivesAnotherAfterALoss() throws Exception {
        get(client(options()).open());
        server.nextAsked();
        server.nextSockets();
        heard.await(TunnelState.Connected.class);
        for (int i = 0; i < 3; i++) {
            server.answer(200, "{\"info\":\"localtunnel server running on example.com\"}");
        }

        server.closePort();
        server.openPort();
        server.answer(200, server.granted("calm-heron").encode());

        assertEquals("calm-heron", heard.await(TunnelState.Connected.class).name());
        for (int i = 0; i < 3; i++) {
            assertEquals("/quick-otter", server.nextAsked().uri());
        }
        assertEquals("/?new", server.nextAsked().uri());
        assertEquals(
                "the name quick-otter is not to be had again; this tunnel has the name calm-heron now",
                heard.nextSentence());
    }

    @Test
    void refusalAfterALossEndsTheTunnel() throws Exception {
        get(client(options()).open());
        server.nextSockets();
        server.answer(404, "<p>restarting</p>");
        server.answer(403, "{\"message\":\"no more\"}");

        server.closePort();

        heard.await(TunnelState.Reconnecting.class);
        assertTrue(heard.await(TunnelState.Reconnecting.class).why().endsWith("(status 404)"));
        assertEquals(
                server.url() + " says: no more",
                heard.await(TunnelState.Offline.class).why());
    }

    @Test
    void portThatNobodyListensOnIsSaidWithAQuestion() throws Exception {
        server.closePort();

        get(client(options().withReconnect(Reconnect.NONE)).open().otherwiseEmpty());

        String why = heard.await(TunnelState.Offline.class).why();
        assertTrue(why.endsWith(" cannot be reached (connection refused); is there a firewall between?"), why);
    }

    @Test
    void serverThatClosesEverySocketIsLeftAloneMoreAndMore() throws Exception {
        server.closeSocketsAtOnce();
        client = LocaltunnelClient.on(vertx, options(), heard, Duration.ofSeconds(2));
        get(client.open());

        String why = heard.await(TunnelState.Reconnecting.class).why();

        assertTrue(why.endsWith("(the server closes every connection)"), why);
        // Full jitter: three sockets' waits of up to 250, 500, 1000 ms; without any wait it would be thousands.
        assertTrue(server.untaken() < 100, "came: " + server.untaken());
    }

    @Test
    void idleSocketThatTheServerClosesIsReplaced() throws Exception {
        get(client(options()).open());
        Socket socket = server.nextSockets().get(0);

        socket.close();

        assertTrue(server.nextSocket().isConnected());
    }

    @Test
    void visitorWhoDoesNotReadHoldsNoClosedClientUp() throws Exception {
        get(client(options()).open());
        send(server.nextSockets().get(0), REQUEST);
        Socket local = target.accept();
        read(local, REQUEST.length());
        Thread sender = new Thread(() -> {
            byte[] piece = new byte[64 * 1024];
            try {
                while (true) {
                    local.getOutputStream().write(piece);
                }
            } catch (IOException e) {
                // Closed.
            }
        });
        sender.start();
        Thread.sleep(500); // Until nothing moves any more.

        client.close().await(3, TimeUnit.SECONDS);

        sender.join(5000);
        assertFalse(sender.isAlive());
    }

    @Test
    void closedClientLeavesNoSocketAndLetsVisitorsFinish() throws Exception {
        get(client(options()).open());
        List<Socket> sockets = server.nextSockets();
        send(sockets.get(0), REQUEST);
        Socket local = target.accept();
        read(local, REQUEST.length());

        Future<Void> closing = client.close();

        assertEquals(-1, sockets.get(1).getInputStream().read());
        assertEquals(-1, sockets.get(2).getInputStream().read());
        send(local, "answer");
        local.close();
        assertEquals("answer", readAll(sockets.get(0)));
        sockets.get(0).close();
        get(closing);
        assertEquals(new TunnelState.Closed(), client.state());
    }

    private LocaltunnelOptions options() {
        return LocaltunnelOptions.of(server.url(), target.getLocalPort());
    }

    private LocaltunnelClient client(LocaltunnelOptions options) {
        client = LocaltunnelClient.on(vertx, options, heard);
        return client;
    }

    private static String failure(Future<?> future) {
        Throwable failure =
                assertThrows(ExecutionException.class, () -> get(future)).getCause();
        assertEquals(LocaltunnelException.class, failure.getClass());
        return String.valueOf(failure.getMessage());
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String read(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
    }

    private static String readAll(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage()
                .toCompletableFuture()
                .get(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}

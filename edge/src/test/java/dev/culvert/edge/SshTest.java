package dev.culvert.edge;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Settings;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.Token;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.keyboard.UserInteraction;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.net.SshdSocketAddress;
import org.apache.sshd.server.forward.AcceptAllForwardingFilter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SSH clients, played by MINA's, at a whole edge; {@code SshIT} has OpenSSH's. */
@Timeout(60)
class SshTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final SshClient client = SshClient.setUpDefaultClient();
    private final List<Edge> edges = new ArrayList<>();
    private final KeyPair ann = key();
    private final HeardTunnels heard = new HeardTunnels();
    private final BlockingQueue<Socket> arrived = new LinkedBlockingQueue<>();
    private ServerSocket target;

    @BeforeEach
    void start() throws IOException {
        client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
        client.setForwardingFilter(AcceptAllForwardingFilter.INSTANCE);
        client.setKeyIdentityProvider(session -> List.of());
        client.start();
        target = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        new Thread(this::accept, "target").start();
    }

    @AfterEach
    void stop() throws Exception {
        client.stop();
        for (Edge edge : edges) {
            edge.close().await(40, TimeUnit.SECONDS);
        }
        target.close();
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void whoHasNoKeyIsLetInOnLoopbackAndHisNameIsFreeAfterwards() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession nobody = connect(edge);
        nobody.auth().verify(SOON);
        forward(nobody, "my-app", 80);
        assertTrue(tunnels(edge).getJsonObject(0).getString("owner").startsWith("ssh:"));
        assertTrue(ask(edge.ports().admin(), "GET /metrics", "localhost").contains("\nculvert_clients 1.0\n"));

        nobody.close(true);

        await().until(() -> tunnels(edge).isEmpty());
        assertTrue(ask(edge.ports().admin(), "GET /metrics", "localhost").contains("\nculvert_clients 0.0\n"));
    }

    @Test
    void keyIsTheOwnerOfItsNamesAndHasThemAgainAfterABreak() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession first = connect(edge, ann);
        forward(first, "my-app", 80);
        String owner = tunnels(edge).getJsonObject(0).getString("owner");
        assertEquals("key:" + KeyUtils.getFingerPrint(ann.getPublic()), owner);

        first.getIoSession().close(true); // Without a word.

        await().until(() -> tunnels(edge).getJsonObject(0).getString("reservedUntil") != null);
        assertThrows(SshException.class, () -> forward(connect(edge, key()), "my-app", 80));
        forward(connect(edge, ann), "my-app", 80);
    }

    @Test
    void embedderHearsOfItsTunnelsToo() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);
        forward(session, "my-app", 80);

        BoundTunnel bound = heard.await(true);
        assertEquals("my-app", bound.name());
        assertEquals("http://my-app.localhost:" + edge.ports().http(), bound.url());
        assertEquals("http", bound.kind());
        assertEquals("key:" + KeyUtils.getFingerPrint(ann.getPublic()), bound.owner());
        assertEquals("ssh:" + bound.owner(), bound.instance());
        assertTrue(bound.remote().startsWith("127.0.0.1:"), bound.remote());
        session.close(true);
        assertEquals(bound, heard.await(false));
    }

    @Test
    void newestConnectionOfAKeyTakesTheName() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession first = connect(edge, ann);
        forward(first, "my-app", 80);

        ClientSession second = connect(edge, ann);
        forward(second, "my-app", 80);

        await().until(first::isClosed);
        assertTrue(second.isOpen());
        assertEquals(1, tunnels(edge).getJsonObject(0).getJsonArray("holders").size());
    }

    @Test
    void tokenIsThePassword() throws Exception {
        Token token = Token.create("ann", NamePatterns.ANY);
        Path tokens = Files.writeString(folder.resolve("tokens"), token.line() + "\n");
        Edge edge = edge(Map.of("tokens", tokens.toString()));
        ClientSession known = connect(edge);
        known.addPasswordIdentity(token.secret().reveal());
        known.auth().verify(SOON);
        forward(known, "my-app", 80);
        assertEquals("ann", tunnels(edge).getJsonObject(0).getString("owner"));

        ClientSession stranger = connect(edge);
        stranger.addPasswordIdentity("cv_guessed");
        assertThrows(SshException.class, () -> stranger.auth().verify(SOON));
        assertThrows(SshException.class, () -> connect(edge, ann));

        Files.writeString(tokens, "# nobody\n");
        await().until(known::isClosed);
    }

    @Test
    void nothingIsReachedThroughTheEdge() throws Exception {
        ClientSession session = connect(edge(Map.of()), ann);
        SshdSocketAddress local = session.startLocalPortForwarding(
                new SshdSocketAddress("127.0.0.1", 0), new SshdSocketAddress("127.0.0.1", target.getLocalPort()));
        try (Socket through = new Socket("127.0.0.1", local.getPort())) {
            through.setSoTimeout(10_000);
            assertEquals(-1, through.getInputStream().read());
        }
        assertTrue(arrived.isEmpty());
    }

    @Test
    void strangerWhoseMessageNeverEndsIsClosed() throws Exception {
        Edge edge = edge(Map.of());
        try (Socket stranger = new Socket("127.0.0.1", edge.ports().ssh())) {
            stranger.setSoTimeout(10_000);
            stranger.getOutputStream().write(text("SSH-2.0-x\r\n"));
            stranger.getOutputStream().write(new byte[] {0, 3, (byte) 0xFF, (byte) 0xF0});

            assertTrue(isClosedBy(stranger, new byte[20_000]));
        }
    }

    @Test
    void strangerWhoAsksAndDoesNotReadIsClosed() throws Exception {
        Edge edge = edge(Map.of());
        try (Socket stranger = new Socket("127.0.0.1", edge.ports().ssh())) {
            stranger.getOutputStream().write(text("SSH-2.0-x\r\n"));
            byte[] unknown = {0, 0, 0, 12, 5, (byte) 192, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
            ByteBuffer many = ByteBuffer.allocate(1000 * unknown.length);
            while (many.hasRemaining()) {
                many.put(unknown);
            }

            assertThrows(IOException.class, () -> {
                for (int i = 0; i < 2000; i++) {
                    stranger.getOutputStream().write(many.array());
                }
            });
        }
    }

    @Test
    void clientThatAsksAndDoesNotReadIsClosed() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);
        session.getIoSession().suspendRead();

        for (int i = 0; i < 500_000 && session.isOpen(); i++) {
            try {
                IoWriteFuture written = session.writePacket(request(session, "keepalive@openssh.com"));
                if (i % 100 == 0) {
                    written.await(SOON); // So that the edge is busy with few of them at once.
                }
            } catch (IOException e) {
                break; // Closed.
            }
        }

        await().until(session::isClosed);
    }

    /** At once: while nothing of it is done, because the edge has other things to do. */
    @Test
    void clientThatAsksForTooMuchAtOnceIsClosed() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);

        CountDownLatch busy = new CountDownLatch(1);
        for (EventExecutor loop : ((VertxInternal) vertx).nettyEventLoopGroup()) {
            loop.execute(() -> hold(busy));
        }
        try {
            for (int i = 0; i < 10_000 && session.isOpen(); i++) {
                Buffer packet = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST);
                packet.putString(i % 2 == 0 ? "tcpip-forward" : "cancel-tcpip-forward");
                packet.putBoolean(false);
                packet.putString("app-" + i / 2);
                packet.putUInt(80);
                try {
                    session.writePacket(packet);
                } catch (IOException e) {
                    break; // Closed.
                }
            }
            await().until(session::isClosed);
        } finally {
            busy.countDown();
        }
    }

    private static void hold(CountDownLatch until) {
        try {
            until.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void answersComeInTheOrderOfTheRequests() throws Exception {
        ClientSession session = connect(edge(Map.of()), ann);
        BlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
        for (int i = 0; i < 50; i++) {
            Buffer forward = request(session, "tcpip-forward");
            forward.putString("app-" + i); // Has to be asked of the registry, where what follows has not.
            forward.putUInt(80);
            session.request(forward, "tcpip-forward", (command, answer) -> answers.add(command));
            Buffer probe = request(session, "keepalive@openssh.com");
            session.request(probe, "keepalive@openssh.com", (command, answer) -> answers.add(command));
        }

        for (int i = 0; i < 50; i++) {
            assertEquals((int) SshConstants.SSH_MSG_REQUEST_SUCCESS, answers.poll(10, TimeUnit.SECONDS));
            assertEquals((int) SshConstants.SSH_MSG_REQUEST_FAILURE, answers.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void nameIsFreeOnceTheClientCancels() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);
        forward(session, "my-app", 80);
        forward(session, "other", 443);

        session.stopRemotePortForwarding(new SshdSocketAddress("my-app", 80));

        await().until(() -> tunnels(edge).size() == 1);
        forward(connect(edge, key()), "my-app", 80);
        assertTrue(session.isOpen());
    }

    @Test
    void operatorTakesTunnelsAwayAndTheConnectionWithTheLast() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);
        forward(session, "one", 80);
        forward(session, "two", 443);
        assertTrue(tunnels(edge)
                .getJsonObject(0)
                .getJsonArray("holders")
                .getJsonObject(0)
                .getString("address")
                .startsWith("127.0.0.1:"));

        assertTrue(ask(edge.ports().admin(), "DELETE /api/v1/tunnels/one", "localhost")
                .startsWith("HTTP/1.1 204"));
        assertEquals(1, tunnels(edge).size());
        assertTrue(session.isOpen());
        assertTrue(ask(edge.ports().admin(), "DELETE /api/v1/tunnels/two", "localhost")
                .startsWith("HTTP/1.1 204"));
        await().until(session::isClosed);
    }

    @Test
    void endOfOneDirectionLeavesTheOtherOpen() throws Exception {
        int port = freePort();
        Edge edge = edge(Map.of("tcp-ports", port + "-" + port));
        forward(connect(edge, ann), "", port);

        try (Socket visitor = new Socket("127.0.0.1", port)) {
            visitor.setSoTimeout(10_000);
            visitor.getOutputStream().write(text("question"));
            visitor.shutdownOutput();
            Socket atTarget = arrived.poll(10, TimeUnit.SECONDS);
            assertEquals("question", new String(atTarget.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            atTarget.getOutputStream().write(text("answer"));
            atTarget.close();
            assertEquals("answer", new String(visitor.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void visitorWhoLeavesAndConnectionThatBreaksEndTheOtherSide() throws Exception {
        int port = freePort();
        Edge edge = edge(Map.of("tcp-ports", port + "-" + port));
        ClientSession session = connect(edge, ann);
        forward(session, "", port);
        Socket leaves = new Socket("127.0.0.1", port);
        leaves.getOutputStream().write('x');
        Socket left = arrived.poll(10, TimeUnit.SECONDS);
        assertEquals('x', left.getInputStream().read());
        leaves.setSoLinger(true, 0);
        leaves.close();
        assertEquals(-1, left.getInputStream().read());

        try (Socket stays = new Socket("127.0.0.1", port)) {
            stays.setSoTimeout(10_000);
            stays.getOutputStream().write('x');
            assertEquals(
                    'x', arrived.poll(10, TimeUnit.SECONDS).getInputStream().read());
            session.getIoSession().close(true);
            assertTrue(isOver(stays));
        }
    }

    @Test
    void edgeThatStopsGivesNoMoreNames() throws Exception {
        Edge edge = edge(Map.of());
        ClientSession session = connect(edge, ann);
        forward(session, "my-app", 80);
        AtomicInteger asked = new AtomicInteger();
        Socket visitor = new Socket("127.0.0.1", edge.ports().http());
        visitor.getOutputStream().write(text("GET / HTTP/1.1\r\nHost: my-app.localhost\r\n\r\n"));
        Socket exchange = arrived.poll(10, TimeUnit.SECONDS);

        edge.close();

        await().until(() -> !isGiven(session, "app-" + asked.incrementAndGet()));
        exchange.getOutputStream().write(text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assertEquals('H', visitor.getInputStream().read());
        await().until(session::isClosed);
        visitor.close();
    }

    @Test
    void hostKeyIsTheOneOfTheFile() throws Exception {
        KeyPair ours = key();
        Path file = folder.resolve("host_key");
        try (var out = Files.newOutputStream(file)) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(ours, "edge", null, out);
        }
        ClientSession session = connect(edge(Map.of("ssh-host-key", file.toString())), ann);

        assertTrue(KeyUtils.compareKeys(ours.getPublic(), session.getServerKey()));
        Path wrong = Files.writeString(folder.resolve("wrong"), "not a key\n");
        Throwable fault = assertThrows(Throwable.class, () -> edge(Map.of("ssh-host-key", wrong.toString())));
        assertTrue(String.valueOf(fault.getMessage()).contains("ssh-keygen -t ed25519"), fault::toString);
    }

    private Edge edge(Map<String, String> more) throws Exception {
        Map<String, String> flags =
                new HashMap<>(Map.of("http-port", "0", "lane-port", "0", "admin-port", "0", "ssh-port", "0"));
        flags.putAll(more);
        EdgeOptions options = new EdgeSettings(flags, new Settings(Map.of(), List.of())).read();
        Edge edge = Edge.start(vertx, options, null, heard).await(30, TimeUnit.SECONDS);
        edges.add(edge);
        return edge;
    }

    private ClientSession connect(Edge edge) throws IOException {
        ClientSession session = client.connect(
                        "somebody", "127.0.0.1", edge.ports().ssh())
                .verify(SOON)
                .getSession();
        session.setUserInteraction(UserInteraction.NONE);
        return session;
    }

    private ClientSession connect(Edge edge, KeyPair key) throws IOException {
        ClientSession session = connect(edge);
        session.addPublicKeyIdentity(key);
        session.auth().verify(SOON);
        return session;
    }

    private void forward(ClientSession session, String address, int port) throws IOException {
        session.startRemotePortForwarding(
                new SshdSocketAddress(address, port), new SshdSocketAddress("127.0.0.1", target.getLocalPort()));
    }

    private static boolean isGiven(ClientSession session, String name) throws Exception {
        BlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
        Buffer forward = request(session, "tcpip-forward");
        forward.putString(name);
        forward.putUInt(80);
        session.request(forward, "tcpip-forward", (command, answer) -> answers.add(command));
        return answers.poll(10, TimeUnit.SECONDS) == SshConstants.SSH_MSG_REQUEST_SUCCESS;
    }

    private static Buffer request(ClientSession session, String name) {
        Buffer packet = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST);
        packet.putString(name);
        packet.putBoolean(true);
        return packet;
    }

    private static KeyPair key() {
        try {
            return KeyUtils.generateKeyPair(KeyPairProvider.ECDSA_SHA2_NISTP256, 256);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private void accept() {
        while (!target.isClosed()) {
            try {
                Socket socket = target.accept();
                socket.setSoTimeout(10_000);
                arrived.add(socket);
            } catch (IOException e) {
                return; // Closed.
            }
        }
    }

    private static boolean isClosedBy(Socket socket, byte[] sent) {
        try {
            socket.getOutputStream().write(sent);
            socket.getInputStream().readAllBytes();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // Reset.
        }
    }

    private static boolean isOver(Socket socket) {
        try {
            return socket.getInputStream().read() == -1;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // Reset.
        }
    }

    private static JsonArray tunnels(Edge edge) throws IOException {
        String answer = ask(edge.ports().admin(), "GET /api/v1/tunnels", "localhost");
        return new JsonArray(answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }

    private static String ask(int port, String request, String host) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(text(
                            "%s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n".formatted(request, host, port)));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

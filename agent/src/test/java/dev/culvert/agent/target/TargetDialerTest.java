package dev.culvert.agent.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.culvert.testkit.ScriptedPeer;
import io.netty.handler.ssl.util.SelfSignedCertificate;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetDialerTest {
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));

    @AfterEach
    void stop() throws Exception {
        get(vertx.close());
    }

    @Test
    void serverOnTheOtherLoopbackAddressIsFound() throws Exception {
        assumeTrue(hasIpv6());
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName("::1"))) {
            TargetDialer dialer = dialer("localhost:" + server.getLocalPort());

            assertEquals("0:0:0:0:0:0:0:1", remote(dialer));
            assertEquals("0:0:0:0:0:0:0:1", remote(dialer));
        }
    }

    @Test
    void addressThatAnsweredLastIsTriedFirst() throws Exception {
        assumeTrue(hasIpv6());
        ServerSocket six = new ServerSocket(0, 5, InetAddress.getByName("::1"));
        TargetDialer dialer = dialer(Integer.toString(six.getLocalPort()));
        assertEquals("0:0:0:0:0:0:0:1", remote(dialer));

        try (ServerSocket four = new ServerSocket(six.getLocalPort(), 5, InetAddress.getByName("127.0.0.1"))) {
            assertEquals("0:0:0:0:0:0:0:1", remote(dialer), "both answer now");
            six.close();
            assertEquals("127.0.0.1", remote(dialer), four.toString());
        }
    }

    @Test
    void refusalIsASentenceAboutTheTarget() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }

        assertEquals(
                "nothing answers on localhost:%d (connection refused)".formatted(port),
                refusal(dialer("localhost:" + port)));
    }

    @Test
    void unixSocketIsReached(@TempDir Path folder) throws Exception {
        assumeTrue(vertx.isNativeTransportEnabled());
        String path = folder.resolve("app.sock").toString();
        NetServer server = get(vertx.createNetServer()
                .connectHandler(socket -> socket.write("hello"))
                .listen(SocketAddress.domainSocketAddress(path)));

        NetSocket socket = get(dialer("unix:" + path).dial());

        assertEquals(path, socket.remoteAddress().path());
        get(socket.close());
        get(server.close());
    }

    @Test
    void missingUnixSocketIsASentence(@TempDir Path folder) {
        String path = folder.resolve("app.sock").toString();

        String sentence = refusal(dialer("unix:" + path));

        assertTrue(sentence.startsWith("nothing answers on unix:" + path), sentence);
    }

    @Test
    void selfSignedTargetIsRefusedUnlessToldOtherwise() throws Exception {
        NetServer server = get(vertx.createNetServer(tls())
                .connectHandler(socket -> socket.write("hello"))
                .listen(0, "127.0.0.1"));
        Target target = Target.parse("https://127.0.0.1:" + server.actualPort());

        String sentence = refusal(new TargetDialer(vertx.createNetClient(), target, false, false));
        NetSocket socket = get(new TargetDialer(vertx.createNetClient(), target, true, false).dial());

        assertTrue(
                sentence.startsWith(
                        target.name() + " answers, but not with TLS as it should: its certificate is not trusted"),
                sentence);
        assertTrue(socket.isSsl());
        get(socket.close());
    }

    @Test
    void targetByTlsMustChooseHttp2WhereItIsAskedFor() throws Exception {
        NetServer http2 = get(listen(choosing("h2")));
        NetServer http1 = get(listen(choosing("http/1.1")));
        NetServer neither = get(listen(tls()));

        NetSocket socket = get(toHttp2(http2).dial());

        assertEquals("h2", socket.applicationLayerProtocol());
        for (NetServer other : List.of(http1, neither)) {
            String sentence = refusal(toHttp2(other));
            assertTrue(sentence.contains("answers by TLS, but does not choose HTTP/2"), sentence);
        }
    }

    private Future<NetServer> listen(NetServerOptions options) {
        return vertx.createNetServer(options).connectHandler(socket -> {}).listen(0, "127.0.0.1");
    }

    private static NetServerOptions choosing(String protocol) throws Exception {
        NetServerOptions options = tls();
        options.getSslOptions().setUseAlpn(true).setApplicationLayerProtocols(List.of(protocol));
        return options;
    }

    private TargetDialer toHttp2(NetServer server) {
        Target target = Target.parse("https://127.0.0.1:" + server.actualPort());
        return new TargetDialer(vertx.createNetClient(), target, true, true);
    }

    private static NetServerOptions tls() throws Exception {
        SelfSignedCertificate certificate = new SelfSignedCertificate("app.example");
        return new NetServerOptions()
                .setSsl(true)
                .setKeyCertOptions(new PemKeyCertOptions()
                        .addCertPath(certificate.certificate().getPath())
                        .addKeyPath(certificate.privateKey().getPath()));
    }

    private TargetDialer dialer(String target) {
        return new TargetDialer(vertx.createNetClient(), Target.parse(target), false, false);
    }

    private static String remote(TargetDialer dialer) throws Exception {
        NetSocket socket = get(dialer.dial());
        String address =
                InetAddress.getByName(socket.remoteAddress().hostAddress()).getHostAddress();
        get(socket.close());
        return address;
    }

    private static String refusal(TargetDialer dialer) {
        ExecutionException failure = assertThrows(ExecutionException.class, () -> get(dialer.dial()));
        return String.valueOf(failure.getCause().getMessage());
    }

    private static boolean hasIpv6() throws Exception {
        return NetworkInterface.getByInetAddress(Inet6Address.getByName("::1")) != null;
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage()
                .toCompletableFuture()
                .get(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}

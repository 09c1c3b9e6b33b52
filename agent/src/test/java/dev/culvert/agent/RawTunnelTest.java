package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.dial.Reconnect;
import dev.culvert.agent.target.ProxyProtocol;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tunnels for raw TCP and for TLS that ends at the target. */
class RawTunnelTest {
    private static final Reconnect FAST = new Reconnect.Forever(Duration.ofMillis(1), Duration.ofMillis(20));

    private final RecordingListener listener = new RecordingListener();
    private ScriptedEdge edge;
    private AgentOptions options;
    private Agent agent;

    @BeforeEach
    void startEdge() throws Exception {
        edge = new ScriptedEdge();
        options = AgentOptions.of(edge.address()).withStateFolder(null).withReconnect(FAST);
    }

    @AfterEach
    void stopEverything() throws Exception {
        if (agent != null) {
            get(agent.close());
        }
        edge.close();
    }

    @Test
    void portIsAskedForAndItsUrlTold() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp(22).withRemotePort(2222));

        Bind bind = edge.welcome().grantPort(0);

        assertEquals("tcp", bind.kind());
        assertEquals(2222, bind.port());
        assertNull(bind.name());
        assertEquals("127.0.0.1:22", bind.target());
        assertEquals("2222", get(opening).name());
        assertEquals("tcp://example.com:2222", get(opening).url());
    }

    @Test
    void portThatTheEdgeChoseIsKeptOverAReconnect() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp(22));
        ScriptedEdge.Greeted lane = edge.welcome();
        assertEquals(0, lane.grantPort(2205).port());
        get(opening);

        lane.peer().close();

        Bind again = edge.welcome().grantPort(0);
        assertEquals(2205, again.port());
        assertEquals("ticket-of-2205", again.ticket());
    }

    @Test
    void portIsKeptOverARestartOfTheAgent(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        Future<Tunnel> first = agent().open(TunnelOptions.tcp(22));
        edge.welcome().grantPort(2205);
        get(first);
        get(agent.close());

        Future<Tunnel> second = agent().open(TunnelOptions.tcp(22));
        Bind again = edge.welcome().grantPort(0);

        get(second);
        assertEquals(2205, again.port());
        assertEquals("ticket-of-2205", again.ticket());
    }

    @Test
    void rememberedPortThatIsLostIsLeftForAnother(@TempDir Path folder) throws Exception {
        options = options.withStateFolder(folder);
        Future<Tunnel> first = agent().open(TunnelOptions.tcp(22));
        edge.welcome().grantPort(2205);
        get(first);
        get(agent.close());

        Future<Tunnel> second = agent().open(TunnelOptions.tcp(22));
        ScriptedEdge.Greeted lane = edge.welcome();
        assertEquals(2205, lane.refuse(Bound.Code.NAME_TAKEN, "it is another's").port());
        assertEquals(0, lane.grantPort(2206).port());

        assertEquals("2206", get(second).name());
    }

    @Test
    void portThatWasAskedForAndIsTakenIsAnError() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp(22).withRemotePort(2222));

        edge.welcome().refuse(Bound.Code.NAME_TAKEN, "port 2222 belongs to somebody else");

        AgentException failure = failure(opening);
        assertEquals(AgentException.Code.NAME_TAKEN, failure.code());
        assertEquals("the edge refused the port 2222: port 2222 belongs to somebody else", failure.getMessage());
    }

    @Test
    void oneAgentHasAPortAndANameOnlyOnce() throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp(22).withRemotePort(2222));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grantPort(0);
        get(opening);

        assertEquals(
                "this agent has a tunnel at port 2222 already",
                failure(agent.open(TunnelOptions.tcp(23).withRemotePort(2222))).getMessage());
        Future<Tunnel> named = agent.open(TunnelOptions.tls(443).withName("2222"));
        lane.grant("-");
        get(named);
        assertEquals(
                "this agent has a tunnel named 2222 already",
                failure(agent.open(TunnelOptions.http(80).withName("2222"))).getMessage());
    }

    @Test
    void tlsTunnelHasANameAndTheBytesGoToTheTargetAsTheyAre() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<Tunnel> opening = agent().open(TunnelOptions.tls("https://127.0.0.1:" + target.getLocalPort()));
            ScriptedEdge.Greeted lane = edge.welcome();
            Bind bind = lane.grant("shop");
            get(opening);

            lane.openRaw(2, ScriptedEdge.key("shop"), StreamRequest.Kind.TLS)
                    .peer()
                    .sendText(2, "hello");

            assertEquals("tls", bind.kind());
            try (Socket accepted = target.accept()) {
                assertEquals("hello", read(accepted, 5));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ProxyProtocol.class,
            names = {"V1", "OFF"})
    void targetIsToldTheVisitorBeforeItsFirstByte(ProxyProtocol version) throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ScriptedEdge.Greeted lane = online(target, version);
            String header = version == ProxyProtocol.OFF ? "" : "PROXY TCP4 192.0.2.1 198.51.100.7 4711 2222\r\n";
            lane.openRaw(2, "tcp:2222", StreamRequest.Kind.TCP);

            try (Socket accepted = target.accept()) {
                assertEquals(header, read(accepted, header.length()), "there before the visitor says anything");
                lane.peer().sendText(2, "hello");
                assertEquals("hello", read(accepted, 5));
            }
        }
    }

    @Test
    void connectionThatIsOverIsTold() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ScriptedEdge.Greeted lane = online(target, ProxyProtocol.OFF);
            lane.openRaw(2, "tcp:2222", StreamRequest.Kind.TCP).peer().sendText(2, "hello");
            try (Socket accepted = target.accept()) {
                read(accepted, 5);
                accepted.getOutputStream().write("welcome".getBytes(StandardCharsets.US_ASCII));
                lane.peer().expectText(2, 7);
            }
            lane.peer().await(Frame.Fin.class);
            lane.peer().send(new Frame.Fin(2, 7));

            VisitorConnection connection = listener.nextConnection();

            assertEquals("192.0.2.1:4711", connection.visitor());
            assertEquals(5, connection.bytesIn());
            assertEquals(7, connection.bytesOut());
            assertTrue(System.currentTimeMillis() - connection.startedAtMillis() < 60_000);
        }
    }

    @Test
    void targetThatBreaksOffResetsTheStream() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ScriptedEdge.Greeted lane = online(target, ProxyProtocol.OFF);
            lane.openRaw(2, "tcp:2222", StreamRequest.Kind.TCP).peer().sendText(2, "hello");
            Socket accepted = target.accept();
            read(accepted, 5);

            accepted.setSoLinger(true, 0);
            accepted.close();

            assertEquals(
                    CloseReason.TARGET_FAILED,
                    lane.peer().await(Frame.Reset.class).reason());
        }
    }

    @Test
    void streamThatCarriesSomethingElseIsReset() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ScriptedEdge.Greeted lane = online(target, ProxyProtocol.OFF);

            lane.openRaw(2, "tcp:2222", StreamRequest.Kind.HTTP2);

            Frame.Reset reset = lane.peer().await(Frame.Reset.class);
            assertEquals(CloseReason.NOT_HELD, reset.reason());
            assertEquals(0, reset.deliveredBytes());
        }
    }

    @Test
    void optionsThatDoNotGoTogetherAreRefused() {
        List<org.junit.jupiter.api.function.Executable> wrong = List.of(
                () -> TunnelOptions.http(80).withRemotePort(2222),
                () -> TunnelOptions.tls(80).withRemotePort(2222),
                () -> TunnelOptions.tcp(80).withName("shop"),
                () -> TunnelOptions.tcp(80).withRemotePort(65_536),
                () -> TunnelOptions.http(80).withProxyProtocol(ProxyProtocol.V2),
                () -> TunnelOptions.http2(80).withProxyProtocol(ProxyProtocol.V2),
                () -> TunnelOptions.http2("."));
        wrong.forEach(options -> assertThrows(IllegalArgumentException.class, options));
    }

    private Agent agent() {
        agent = Agent.alone(options, listener);
        return agent;
    }

    private ScriptedEdge.Greeted online(ServerSocket target, ProxyProtocol version) throws Exception {
        Future<Tunnel> opening = agent().open(TunnelOptions.tcp("127.0.0.1:" + target.getLocalPort())
                .withRemotePort(2222)
                .withProxyProtocol(version));
        ScriptedEdge.Greeted lane = edge.welcome();
        lane.grantPort(0);
        get(opening);
        return lane;
    }

    private static String read(Socket socket, int bytes) throws Exception {
        socket.setSoTimeout((int) ScriptedPeer.PATIENCE.toMillis());
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage()
                .toCompletableFuture()
                .get(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static AgentException failure(Future<?> future) {
        return (AgentException)
                assertThrows(ExecutionException.class, () -> get(future)).getCause();
    }
}

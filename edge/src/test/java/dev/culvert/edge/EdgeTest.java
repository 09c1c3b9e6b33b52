package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.config.ConfigException;
import dev.culvert.config.ListenPort;
import dev.culvert.config.PortRange;
import dev.culvert.config.Secret;
import dev.culvert.config.Settings;
import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.UnauthorizedException;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EdgeTest {
    private static final EdgeOptions FREE_PORTS = EdgeOptions.DEFAULT
            .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
            .withEventLoops(2);

    private final Vertx vertx = Vertx.vertx();

    @TempDir
    Path folder;

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void opensItsPortsOnBothLoopbacksAndClosesThemAtItsEnd() throws Exception {
        Edge edge = start(FREE_PORTS);
        Edge.Ports ports = edge.ports();

        for (String address : edge.addresses()) {
            for (int port : List.of(ports.http(), ports.lane(), ports.admin())) {
                assertTrue(accepts(address, port), address + " " + port);
            }
        }
        assertTrue(ask(ports.http(), "nobody.localhost", "/").startsWith("HTTP/1.1 404"));
        assertTrue(ask(ports.admin(), "localhost", "/readyz").startsWith("HTTP/1.1 200"));

        edge.close().await(30, TimeUnit.SECONDS);

        for (int port : List.of(ports.http(), ports.lane(), ports.admin())) {
            assertTrue(!accepts("127.0.0.1", port), "closed " + port);
        }
        assertSame(edge.close(), edge.close());
    }

    @Test
    void listensOnTheIpv6LoopbackToo() throws Exception {
        assumeTrue(Loopback.addresses(InetAddress.getByName("127.0.0.1")).size() == 2, "no ::1 on this machine");
        Edge edge = start(FREE_PORTS);

        assertEquals(List.of("127.0.0.1", "::1"), edge.addresses());
        assertTrue(accepts("::1", edge.ports().http()));

        edge.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void portThatIsOffIsNotOpened() throws Exception {
        Edge edge = start(FREE_PORTS.withPorts(ListenPort.FREE, ListenPort.OFF, ListenPort.OFF));

        assertEquals(-1, edge.ports().lane());
        assertEquals(-1, edge.ports().admin());
        assertTrue(accepts("127.0.0.1", edge.ports().http()));

        edge.close().await(30, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http-port", "lane-port", "admin-port"})
    void takenPortIsNamedWithTheOptionThatChangesIt(String option) throws Exception {
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress("127.0.0.1", 0));
            ListenPort port = new ListenPort(taken.getLocalPort());
            EdgeOptions options = FREE_PORTS.withPorts(
                    option.equals("http-port") ? port : ListenPort.FREE,
                    option.equals("lane-port") ? port : ListenPort.FREE,
                    option.equals("admin-port") ? port : ListenPort.FREE);

            PortTakenException refused = assertThrows(PortTakenException.class, () -> start(options));

            assertEquals(option, refused.option());
            assertEquals(port.number(), refused.port());
            assertTrue(
                    refused.getMessage().startsWith("port " + port.number())
                            && refused.getMessage().contains("--" + option),
                    refused.getMessage());
        }
    }

    @Test
    void portsForTcpAreOpenFromTheStartAndCloseTheirVisitorsAtOnce() throws Exception {
        PortRange range = freeRange(3);
        Edge edge = start(FREE_PORTS.withTcpPorts(range));

        for (String address : edge.addresses()) {
            for (int port = range.first(); range.contains(port); port++) {
                try (Socket visitor = new Socket(InetAddress.getByName(address), port)) {
                    visitor.setSoTimeout(10_000);
                    assertEquals(-1, visitor.getInputStream().read(), "closed: nobody has the port");
                }
            }
        }

        edge.close().await(30, TimeUnit.SECONDS);
        assertTrue(!accepts("127.0.0.1", range.first()), "closed");
    }

    @Test
    void onePortOfTheRangeThatIsTakenIsNamedWithItsOption() throws Exception {
        PortRange range = freeRange(3);
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress("127.0.0.1", range.last()));

            PortTakenException refused =
                    assertThrows(PortTakenException.class, () -> start(FREE_PORTS.withTcpPorts(range)));

            assertEquals("tcp-ports", refused.option());
            assertEquals(range.last(), refused.port());
        }
        assertTrue(!accepts("127.0.0.1", range.first()), "none is left open");
    }

    @Test
    void rangeThatIncludesAnotherDoorIsRefused() {
        String fault = assertThrows(
                        ConfigException.class, () -> options(Map.of("tcp-ports", "7000-7099", "lane-port", "7070")))
                .getMessage();

        assertEquals("--tcp-ports 7000-7099 includes 7070, which is --lane-port: change one of them", fault);
        String many = assertThrows(ConfigException.class, () -> options(Map.of("tcp-ports", "10000-30000")))
                .getMessage();
        assertEquals("--tcp-ports must be at most 10000 ports, were 20001", many);
    }

    @Test
    void oneNumberForTwoDoorsIsRefused() {
        String fault = assertThrows(
                        ConfigException.class, () -> options(Map.of("http-port", "17080", "lane-port", "17080")))
                .getMessage();

        assertEquals("--http-port and --lane-port are both 17080: change one of them", fault);
    }

    @Test
    void failedStartLeavesNoPortOpen() throws Exception {
        int port = freePort();
        EdgeOptions options =
                options(Map.of("tokens", folder.resolve("absent.txt").toString(), "http-port", "" + port));

        String fault = assertThrows(ConfigException.class, () -> start(options)).getMessage();

        assertTrue(fault.contains("absent.txt"), fault);
        assertTrue(!accepts("127.0.0.1", port));
    }

    @Test
    void shortSecretsAreRefusedAtStart() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret.txt"), "short\n");

        for (String option : List.of("admin-token-file", "cluster-secret-file")) {
            EdgeOptions options = options(Map.of(option, secret.toString()));
            String fault =
                    assertThrows(ConfigException.class, () -> start(options)).getMessage();
            assertTrue(fault.startsWith("--" + option), fault);
        }
    }

    @Test
    void addressOfAnotherMachineIsRefusedInWords() {
        EdgeOptions options = options(
                Map.of("bind", "203.0.113.77", "http-port", "17080", "allow-anonymous", "true", "insecure", "true"));

        String fault =
                assertThrows(IllegalStateException.class, () -> start(options)).getMessage();

        assertEquals("203.0.113.77 is not an address of this machine: change --bind", fault);
    }

    @Test
    void embedderSaysWhoMayConnectAndWhichNamesTheyHave() throws Exception {
        Authenticator callers = new Authenticator() {
            @Override
            public Future<Identity> authenticate(Hello hello) {
                return "ann's".equals(hello.token())
                        ? Future.succeededFuture(new Identity("ann", "1", NamePatterns.parse("ann-*")))
                        : Future.failedFuture(new UnauthorizedException("nobody of ours"));
            }

            @Override
            public void onRevoked(Consumer<Identity> listener) {}
        };
        Edge edge = Edge.start(vertx, FREE_PORTS.withDomain("tunnel.example.com"), callers)
                .await(60, TimeUnit.SECONDS);

        assertEquals("http://ann-1.tunnel.example.com:" + edge.ports().http(), open(edge, "ann's", "ann-1"));
        assertTrue(open(edge, "ann's", "bob-1").contains("does not allow the name"));
        assertTrue(open(edge, "another's", "ann-2").endsWith("nobody of ours"));

        edge.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void embedderHearsWhoHasWhichTunnelAndWhoHasItNoMore() throws Exception {
        HeardTunnels heard = new HeardTunnels();
        Edge edge = Edge.start(vertx, FREE_PORTS.withTcpPorts(freeRange(1)), null, heard)
                .await(60, TimeUnit.SECONDS);
        Agent agent = anonymous(edge);

        Tunnel http = open(agent, TunnelOptions.http(3000).withName("shop"));
        BoundTunnel shop = heard.await(true);
        Tunnel tcp = open(agent, TunnelOptions.tcp(22));
        BoundTunnel port = heard.await(true);

        assertEquals("shop", shop.name());
        assertEquals(http.url(), shop.url());
        assertEquals("http", shop.kind());
        assertTrue(shop.owner().startsWith("anonymous:"), shop.owner());
        assertTrue(shop.remote().startsWith("127.0.0.1:"), shop.remote());
        assertEquals(
                new BoundTunnel(
                        String.valueOf(tcp.url()).replaceAll(".*:", ""),
                        String.valueOf(tcp.url()),
                        "tcp",
                        shop.owner(),
                        shop.instance(),
                        shop.lane(),
                        shop.remote()),
                port);
        assertNull(heard.poll());

        http.close().await(30, TimeUnit.SECONDS);
        assertEquals(shop, heard.await(false));
        agent.close().await(30, TimeUnit.SECONDS);
        assertEquals(port, heard.await(false));
        edge.close().await(30, TimeUnit.SECONDS);
        assertNull(heard.poll(), "each once");
    }

    @Test
    void embedderHasHeardThatAllAreGoneWhenTheEdgeIsClosed() throws Exception {
        HeardTunnels heard = new HeardTunnels();
        Edge edge = Edge.start(vertx, FREE_PORTS, null, heard).await(60, TimeUnit.SECONDS);
        Agent agent = anonymous(edge);
        open(agent, TunnelOptions.http(3000).withName("shop"));
        BoundTunnel shop = heard.await(true);

        edge.close().await(30, TimeUnit.SECONDS);

        assertEquals(new HeardTunnels.Heard(false, shop), heard.poll());
        agent.close().await(30, TimeUnit.SECONDS);
    }

    @Test
    void listenerThatFailsChangesNothing() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        Edge edge = Edge.start(vertx, FREE_PORTS, new AnonymousAuthenticator(), new EdgeListener() {
                    @Override
                    public void onBound(BoundTunnel tunnel) {
                        calls.incrementAndGet();
                        throw new IllegalStateException("a fault of the program's");
                    }

                    @Override
                    public void onGone(BoundTunnel tunnel) {
                        calls.incrementAndGet();
                        throw new AssertionError("another");
                    }
                })
                .await(60, TimeUnit.SECONDS);

        Agent agent = anonymous(edge);

        Tunnel shop = open(agent, TunnelOptions.http(3000).withName("shop"));
        Tunnel blog = open(agent, TunnelOptions.http(3000).withName("blog"));
        shop.close().await(30, TimeUnit.SECONDS);

        assertEquals("http://blog.localhost:" + edge.ports().http(), blog.url());
        agent.close().await(30, TimeUnit.SECONDS);
        edge.close().await(30, TimeUnit.SECONDS);
        assertEquals(4, calls.get());
    }

    @Test
    void embedderWithTwoAnswersIsToldToChoose() {
        EdgeOptions tokens = FREE_PORTS.withBind(
                "127.0.0.1", new EdgeOptions.Access(folder.resolve("tokens.txt"), null, null, null, false, false));

        assertThrows(IllegalArgumentException.class, () -> Edge.start(vertx, tokens, new AnonymousAuthenticator()));
    }

    @Test
    void embedderWhoseAuthenticatorSshClientsWouldPassByIsToldToListTheirKeys() {
        EdgeOptions open = FREE_PORTS.withSsh(new EdgeOptions.Ssh(ListenPort.FREE, null, null));

        assertThrows(IllegalArgumentException.class, () -> Edge.start(vertx, open, new AnonymousAuthenticator()));
    }

    @Test
    void embedderHasAnSshPortForListedKeys() throws Exception {
        Path keys = Files.createFile(folder.resolve("keys"));
        EdgeOptions listed = FREE_PORTS.withSsh(new EdgeOptions.Ssh(ListenPort.FREE, keys, null));

        Edge edge = Edge.start(vertx, listed, new AnonymousAuthenticator()).await(60, TimeUnit.SECONDS);

        assertTrue(accepts("127.0.0.1", edge.ports().ssh()));
        edge.close().await(30, TimeUnit.SECONDS);
    }

    private Agent anonymous(Edge edge) {
        return Agent.on(
                vertx, AgentOptions.of("127.0.0.1:" + edge.ports().lane()).withStateFolder(null), AgentListener.NONE);
    }

    private static Tunnel open(Agent agent, TunnelOptions options) throws Exception {
        return agent.open(options).await(30, TimeUnit.SECONDS);
    }

    /** The URL that an agent gets, or why it does not. */
    private String open(Edge edge, String token, String name) throws Exception {
        AgentOptions options = AgentOptions.of("127.0.0.1:" + edge.ports().lane())
                .withToken(Secret.of(token))
                .withStateFolder(null);
        Agent agent = Agent.on(vertx, options, AgentListener.NONE);
        String said = agent.open(TunnelOptions.http(3000).withName(name))
                .map(tunnel -> String.valueOf(tunnel.url()))
                .otherwise(fault -> String.valueOf(fault.getMessage()))
                .await(30, TimeUnit.SECONDS);
        agent.close().await(30, TimeUnit.SECONDS);
        return said;
    }

    private Edge start(EdgeOptions options) throws Exception {
        return Edge.start(vertx, options).await(60, TimeUnit.SECONDS);
    }

    private static EdgeOptions options(Map<String, String> flags) {
        var all = new java.util.HashMap<>(Map.of("http-port", "0", "lane-port", "0", "admin-port", "0"));
        all.putAll(flags);
        return new EdgeSettings(all, new Settings(Map.of(), List.of())).read().withEventLoops(1);
    }

    private static boolean accepts(String address, int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getByName(address), port)) {
            return socket.isConnected();
        } catch (ConnectException e) {
            return false;
        }
    }

    private static String ask(int port, String host, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port)) {
            socket.setSoTimeout(10_000);
            String request = "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n".formatted(path, host);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Ports that are free now, and that the kernel does not give to clients. */
    private static PortRange freeRange(int size) throws IOException {
        for (int tries = 0; tries < 1_000; tries++) {
            int first = ThreadLocalRandom.current().nextInt(10_000, 32_000);
            if (IntStream.range(first, first + size).noneMatch(EdgeTest::isTaken)) {
                return new PortRange(first, first + size - 1);
            }
        }
        throw new IOException("no free range");
    }

    private static boolean isTaken(int port) {
        try (ServerSocket socket = new ServerSocket(port)) {
            return !socket.isBound();
        } catch (IOException e) {
            return true;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}

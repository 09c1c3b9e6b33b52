package dev.culvert.edge;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.AgentException;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.agent.dial.EdgeTrust;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.config.ListenPort;
import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.PemFiles;
import dev.culvert.testkit.LeakFree;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Agents that come by TLS, to the first of two edges; and what else comes to the lane port. */
@Timeout(90)
@ExtendWith(LeakFree.class)
class TlsLaneTest {
    @TempDir
    static Path folder;

    private static TestAuthority authority;
    private static EdgeTrust trust;
    private static Cluster cluster;

    @BeforeAll
    static void start() throws Exception {
        authority = new TestAuthority();
        trust = EdgeTrust.authorities(authority.writeOwn(folder));
        authority.write(folder, "edge", authority.issue("localhost", "*.localhost"));
        PemFiles.Pair pair = new PemFiles.Pair(folder.resolve("edge.crt"), folder.resolve("edge.key"));
        cluster = Cluster.start(0);
        cluster.join(cluster.options()
                .withTls(new EdgeOptions.Tls(ListenPort.FREE, List.of(pair), null, false, ListenPort.OFF, folder)));
        cluster.join();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tls://localhost:LANE", "tls://localhost:HTTPS", "https://localhost:HTTPS"})
    void visitorsOfBothNodesReachAnAgentThatCameByTls(String edge) throws Exception {
        int site = cluster.site("by " + edge);
        String name = "by-" + (edge.hashCode() & 0xFFFF);

        Nodes.await(cluster.agent(options(edge)).open(TunnelOptions.http(site).withName(name)));

        for (int node = 0; node < 2; node++) {
            RawVisitor.Answer answer = Cluster.visit(cluster.get(node), name + ".localhost");
            assertEquals("by " + edge, answer.body());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tls://localhost:LANE", "https://localhost:HTTPS"})
    void edgeWithoutATrustedCertificateIsToldNothing(String edge) {
        AgentOptions options = options(edge).withTrust(EdgeTrust.OF_MACHINE).withReconnect(Reconnect.NONE);

        AssertionError failed = assertThrows(
                AssertionError.class,
                () -> Nodes.await(cluster.agent(options).open(TunnelOptions.http(cluster.site("")))));

        AgentException refused = assertInstanceOf(AgentException.class, failed.getCause());
        assertEquals(AgentException.Code.UNTRUSTED, refused.code());
    }

    @Test
    void browserOnTheLanePortIsToldWhatItIs() throws Exception {
        for (int node = 0; node < 2; node++) {
            try (RawVisitor browser = new RawVisitor(cluster.get(node).ports().lane())) {
                assertPage(browser.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .awaitAnswer());
                assertEquals("", browser.awaitEnd());
            }
        }
    }

    @Test
    void browserThatSpeaksTlsThereIsToldItToo() throws Exception {
        try (SSLSocket browser =
                new TlsClient(authority).connect(cluster.get(0).ports().lane(), "localhost")) {
            browser.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(ISO_8859_1));

            String answer = new String(browser.getInputStream().readAllBytes(), ISO_8859_1);

            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
        }
    }

    @Test
    void tlsOnALanePortWithoutCertificatesGetsAnAlert() throws Exception {
        byte[] hello = new TlsClient(authority).hello("localhost");
        try (Socket agent = new Socket("127.0.0.1", cluster.get(1).ports().lane())) {
            agent.setSoTimeout(10_000);
            agent.getOutputStream().write(hello);

            assertArrayEquals(
                    new byte[] {21, 3, 3, 0, 2, 2, 40}, agent.getInputStream().readAllBytes());
        }
    }

    @Test
    void laneProtocolIsOfferedAtTheEdgesOwnHostAlone() throws Exception {
        assertEquals("culvert-lane", agreed("localhost"));
        assertEquals("", agreed("shop.localhost"));
    }

    private static String agreed(String host) throws Exception {
        int port = cluster.get(0).ports().https();
        try (SSLSocket socket = new TlsClient(authority).offering(port, host, "culvert-lane")) {
            return socket.getApplicationProtocol();
        }
    }

    private static void assertPage(RawVisitor.Answer answer) {
        assertEquals(400, answer.status(), answer.head());
        assertEquals("lane_port", answer.field("culvert-error"));
        assertTrue(answer.body().startsWith("This is the port of a Culvert edge for agents"), answer.body());
    }

    private static AgentOptions options(String edge) {
        Edge.Ports ports = cluster.get(0).ports();
        return AgentOptions.DEFAULT
                .withEdge(EdgeAddress.parse(
                        edge.replace("LANE", "" + ports.lane()).replace("HTTPS", "" + ports.https())))
                .withTrust(trust)
                .withStateFolder(null)
                .withLanes(1);
    }
}

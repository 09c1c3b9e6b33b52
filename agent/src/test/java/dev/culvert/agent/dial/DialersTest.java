package dev.culvert.agent.dial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.lane.LaneOptions;
import dev.culvert.testkit.LeakFree;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Frame;
import dev.culvert.wire.FrameWriter;
import dev.culvert.wire.Hello;
import io.netty.channel.Channel;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The ways to an edge that are not plain TCP, and what is said where they do not lead there. */
@Timeout(60)
@ExtendWith(LeakFree.class)
class DialersTest {
    @TempDir
    static Path folder;

    private static TestCertificates certificates;
    private static TestCertificates.Pair localhost;
    private static EdgeTrust authority;

    private final Vertx vertx = Vertx.vertx();
    private final NetClient client = vertx.createNetClient();
    private ScriptedPeer.Door edge;
    private Fronts fronts;

    @BeforeAll
    static void sign() throws Exception {
        certificates = TestCertificates.in(folder);
        localhost = certificates.signed("localhost", "DNS:localhost");
        authority = EdgeTrust.authorities(certificates.authority());
    }

    @BeforeEach
    void listen() throws Exception {
        edge = ScriptedPeer.listen();
        fronts = new Fronts(vertx, edge.port());
    }

    @AfterEach
    void stop() throws Exception {
        edge.close();
        vertx.close().await(20, TimeUnit.SECONDS);
    }

    @Test
    void tlsLaneAsksForItself() throws Exception {
        assertCarries(dial("tls://localhost:" + fronts.tls(localhost), authority, null));

        assertEquals("culvert-lane", fronts.seen.take());
    }

    /** An agent that is stopped while it begins to dial. */
    @Test
    void dialerOfAnAgentThatHasEndedFailsAndDoesNotThrow() throws Exception {
        client.close().await(20, TimeUnit.SECONDS);

        assertEquals(
                DialException.Kind.UNREACHABLE,
                refused("tls://localhost:" + edge.port(), authority, null).kind());
    }

    @Test
    void hostIsNamedInTheClientHello() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<DialException> refused = CompletableFuture.supplyAsync(
                    () -> refused("tls://localhost:" + deaf.getLocalPort(), authority, null));
            try (Socket accepted = deaf.accept()) {
                byte[] head = accepted.getInputStream().readNBytes(5);
                byte[] hello = accepted.getInputStream().readNBytes((head[3] & 255) << 8 | head[4] & 255);

                assertTrue(new String(hello, StandardCharsets.ISO_8859_1).contains("localhost"));
            }
            DialException failure = refused.get(20, TimeUnit.SECONDS);
            assertEquals(DialException.Kind.UNREACHABLE, failure.kind(), failure.getMessage());
        }
    }

    @Test
    void webSocketLaneSaysWhatItIsAndNamesNoOrigin() throws Exception {
        int port = fronts.webSocket(null);

        assertCarries(dial("http://127.0.0.1:" + port, EdgeTrust.OF_MACHINE, null));

        MultiMap upgrade = fronts.upgrades.take();
        assertEquals("culvert-lane.v1", upgrade.get("Sec-WebSocket-Protocol"));
        assertEquals("127.0.0.1:" + port, upgrade.get("Host"));
        assertEquals("the test", upgrade.get("User-Agent"));
        assertNull(upgrade.get("Origin"));
    }

    @Test
    void webSocketLaneRunsOverTls() throws Exception {
        assertCarries(dial("https://localhost:" + fronts.webSocket(localhost), authority, null));
    }

    @Test
    void pinnedKeyIsEnoughWhateverElseTheCertificateSays() throws Exception {
        TestCertificates.Pair elsewhere = certificates.signed("elsewhere", "DNS:elsewhere.example");

        assertCarries(dial("tls://127.0.0.1:" + fronts.tls(elsewhere), EdgeTrust.key(pin(elsewhere)), null));
    }

    @Test
    void anotherKeyThanThePinnedOneIsRefused() throws Exception {
        int port = fronts.tls(localhost);
        EdgeTrust other = EdgeTrust.key(pin(certificates.signed("other", "DNS:localhost")));

        DialException refused = refused("tls://localhost:" + port, other, null);

        assertEquals(DialException.Kind.UNTRUSTED, refused.kind());
        assertEquals(
                ("the edge at tls://localhost:%d is not trusted: it has the key %s, not the one that --edge-key names: if"
                                + " its operator has changed the key, ask for the new one; if not, somebody else answers in"
                                + " its place")
                        .formatted(port, pin(localhost)),
                refused.getMessage());
    }

    @Test
    void unknownAuthorityIsRefusedWithTheOptionsThatHelp() throws Exception {
        int port = fronts.webSocket(localhost);

        DialException refused = refused("https://localhost:" + port, EdgeTrust.OF_MACHINE, null);

        assertEquals(DialException.Kind.UNTRUSTED, refused.kind());
        assertTrue(refused.needsAPerson());
        assertEquals(
                ("the edge at https://localhost:%d is not trusted: its certificate is not signed by an authority that this"
                                + " machine trusts: name the authority's certificate with --ca FILE, or, once its operator"
                                + " has confirmed it, its key with --edge-key %s")
                        .formatted(port, pin(localhost)),
                refused.getMessage());
        assertFalse(edge.isDialedWithin(java.time.Duration.ofMillis(1)), "nothing was said to it");
    }

    @Test
    void certificateForAnotherHostIsRefused() throws Exception {
        int port = fronts.tls(localhost);

        DialException refused = refused("tls://127.0.0.1:" + port, authority, null);

        assertEquals(DialException.Kind.UNTRUSTED, refused.kind());
        assertEquals(
                ("the edge at tls://127.0.0.1:%d is not trusted: its certificate is for localhost, not for 127.0.0.1: name"
                                + " the edge by a host that it is for, or its key with --edge-key")
                        .formatted(port),
                refused.getMessage());
    }

    @Test
    void expiredCertificateIsRefusedWithItsDay() throws Exception {
        TestCertificates.Pair expired = certificates.expired();
        String edgeName = "tls://localhost:" + fronts.tls(expired);

        DialException refused = refused(edgeName, authority, null);

        assertEquals(DialException.Kind.UNTRUSTED, refused.kind());
        assertTrue(refused.needsAPerson());
        assertEquals(
                ("the edge at %s is not trusted: its certificate expired on %s: whoever runs the edge has to renew it")
                        .formatted(edgeName, lastDay(expired)),
                refused.getMessage());
    }

    @Test
    void pinnedKeyIsEnoughForAnExpiredCertificate() throws Exception {
        TestCertificates.Pair expired = certificates.expired();

        assertCarries(dial("tls://localhost:" + fronts.tls(expired), EdgeTrust.key(pin(expired)), null));
    }

    @Test
    void portWithoutTlsIsSaidToBeOne() throws Exception {
        int port = fronts.answering(200, "hello");

        DialException refused = refused("tls://127.0.0.1:" + port, authority, null);

        assertEquals(DialException.Kind.UNREACHABLE, refused.kind());
        assertTrue(
                refused.getMessage()
                        .startsWith("tls://127.0.0.1:%d answers, but not with TLS as it should (".formatted(port)),
                refused.getMessage());
    }

    @Test
    void edgesRefusalComesInItsOwnWords() throws Exception {
        int port = fronts.answering(403, "Lane refused. Not by this way.\n", "Culvert-Error", "lane_refused");

        DialException refused = refused("http://127.0.0.1:" + port, EdgeTrust.OF_MACHINE, null);

        assertEquals(DialException.Kind.REFUSED, refused.kind());
        assertTrue(refused.needsAPerson());
        assertEquals("Lane refused. Not by this way.", refused.getMessage());
    }

    @Test
    void otherAnswersAreNotThoseOfAnEdge() throws Exception {
        DialException missing =
                refused("http://127.0.0.1:" + fronts.answering(404, "Not Found"), EdgeTrust.OF_MACHINE, null);
        DialException moved = refused(
                "http://127.0.0.1:" + fronts.answering(301, "", "Location", "https://edge.example/"),
                EdgeTrust.OF_MACHINE,
                null);
        DialException noHttp = refused(fronts.tls(localhost), "http://127.0.0.1:%d");

        assertEquals("its status is 404", missing.getMessage());
        assertEquals("it says that it is at https://edge.example/ now: name that with --edge", moved.getMessage());
        for (DialException failure : List.of(missing, moved, noHttp)) {
            assertEquals(DialException.Kind.NO_WELCOME, failure.kind(), failure.getMessage());
        }
    }

    @Test
    void laneGoesThroughAProxyThatWantsAPassword() throws Exception {
        int proxy = fronts.proxy("me", "p:@ss wörd");
        WebProxy named = WebProxy.parse("https_proxy", "http://me:p%3A%40ss%20w%C3%B6rd@127.0.0.1:" + proxy);
        int tls = fronts.tls(localhost);
        int web = fronts.webSocket(localhost);

        assertCarries(dial("tls://localhost:" + tls, authority, named));
        assertCarries(dial("https://localhost:" + web, authority, named));

        assertEquals("CONNECT 127.0.0.1:" + tls, fronts.seen.take());
    }

    @Test
    void proxyThatRefusesIsToldApartFromTheEdge() throws Exception {
        int proxy = fronts.proxy("me", "secret");
        String edgeName = "https://localhost:" + freePort();

        DialException wrong =
                refused(edgeName, authority, WebProxy.parse("HTTPS_PROXY", "me:other@127.0.0.1:" + proxy));
        DialException dead =
                refused(edgeName, authority, WebProxy.parse("HTTPS_PROXY", "me:secret@127.0.0.1:" + proxy));
        int nobody = freePort();
        DialException absent = refused(edgeName, authority, WebProxy.parse("ALL_PROXY", "http://127.0.0.1:" + nobody));

        assertEquals(DialException.Kind.PROXY, wrong.kind());
        assertEquals(
                ("the proxy at 127.0.0.1:%1$d wants another user or password: write them into HTTPS_PROXY, as"
                                + " http://user:password@127.0.0.1:%1$d")
                        .formatted(proxy),
                wrong.getMessage());
        assertEquals(DialException.Kind.UNREACHABLE, dead.kind());
        assertEquals(
                "the proxy at 127.0.0.1:%d does not connect to %s (it says 503 Service Unavailable)"
                        .formatted(proxy, edgeName),
                dead.getMessage());
        assertEquals(
                ("the proxy at 127.0.0.1:%d, which ALL_PROXY names, does not answer (connection refused); add the edge to"
                                + " NO_PROXY where it needs none")
                        .formatted(nobody),
                absent.getMessage());
    }

    @Test
    void proxyThatIsNoneIsSaidToBeOne() throws Exception {
        int ssh = fronts.saying("SSH-2.0-OpenSSH_9.2\r\n\r\n", true);
        int mute = fronts.saying("", false);

        DialException other =
                refused("https://edge.example", authority, WebProxy.parse("HTTPS_PROXY", "127.0.0.1:" + ssh));
        DialException ended =
                refused("https://edge.example", authority, WebProxy.parse("HTTPS_PROXY", "127.0.0.1:" + mute));

        assertEquals(DialException.Kind.UNREACHABLE, other.kind());
        assertEquals(
                "what answers at 127.0.0.1:%d, which HTTPS_PROXY names, is no HTTP proxy; name one there"
                        .formatted(ssh),
                other.getMessage());
        assertEquals(DialException.Kind.UNREACHABLE, ended.kind());
        assertTrue(
                ended.getMessage()
                        .startsWith("the proxy at 127.0.0.1:%d, which HTTPS_PROXY names, does not answer ("
                                .formatted(mute)),
                ended.getMessage());
    }

    private DialException refused(int port, String edgeName) {
        return refused(edgeName.formatted(port), EdgeTrust.OF_MACHINE, null);
    }

    private DialException refused(String edgeName, EdgeTrust trust, @Nullable WebProxy proxy) {
        return assertThrows(DialException.class, () -> dial(edgeName, trust, proxy));
    }

    private Channel dial(String edgeName, EdgeTrust trust, @Nullable WebProxy proxy) {
        DialPlan plan = new DialPlan(
                client,
                EdgeAddress.parse(edgeName),
                trust,
                proxy,
                "instance",
                "the test",
                null,
                null,
                false,
                1,
                LaneOptions.DEFAULT,
                Reconnect.NONE,
                System::nanoTime);
        LaneDialer dialer = plan.dialer();
        Context context = vertx.getOrCreateContext();
        Promise<Channel> dialed = Promise.promise();
        context.runOnContext(ignored -> dialer.dial().onComplete(dialed));
        return Fronts.await(dialed.future());
    }

    /** A frame comes out at the edge. */
    private void assertCarries(Channel channel) throws IOException {
        Hello hello = new Hello(List.of(1), "test", "instance", List.of(), null, null, 65536, false);
        channel.writeAndFlush(FrameWriter.write(new Frame.HelloFrame(hello), channel.alloc()));
        try (ScriptedPeer peer = edge.accept()) {
            assertEquals("instance", peer.expect(Frame.HelloFrame.class).hello().instance());
            assertNotNull(channel.close());
        }
    }

    private static String pin(TestCertificates.Pair pair) throws Exception {
        return KeyPin.of(read(pair));
    }

    private static LocalDate lastDay(TestCertificates.Pair pair) throws Exception {
        return LocalDate.ofInstant(read(pair).getNotAfter().toInstant(), ZoneId.systemDefault());
    }

    private static X509Certificate read(TestCertificates.Pair pair) throws Exception {
        try (var in = Files.newInputStream(pair.certificate())) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}

package dev.culvert.edge.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.stream.IntStream;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Visitors who come by TLS: what ends here, what is passed on, and what gets neither. */
@ExtendWith(LeakFree.class)
class TlsVisitorTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String PASSED = "secure.example.com";

    @TempDir
    Path folder;

    private TestAuthority authority;
    private TlsClient client;
    private Door door;
    private Certificates certificates;
    private int port;

    @BeforeEach
    void open() throws Exception {
        authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("example.com", "*.example.com"));
        authority.write(folder, "other", authority.issue("other.example"));
        client = new TlsClient(authority);
        door = Door.open();
        door.registry.know(FakeRegistry.tunnel("other.example"));
        door.registry.know(FakeRegistry.tlsTunnel(PASSED));
        certificates = door.certificates(folder, "edge", "other");
        port = door.listenTls(certificates);
    }

    @AfterEach
    void close() throws Exception {
        certificates.close();
        door.close();
    }

    private RawVisitor visitor(String host, String... protocols) throws IOException {
        return door.visitor(client.connect(port, host, protocols));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void requestsAreServedAndTargetsHearOfTheScheme(String protocol) throws Exception {
        RawVisitor visitor = visitor(Door.HOST, protocol);
        visitor.send(Door.get("/a"));
        FakeTarget target = door.carriers.awaitStream();
        String head = target.awaitHead();
        target.send(OK);

        assertEquals("ok", visitor.awaitAnswer().body());
        assertTrue(head.contains("x-forwarded-proto: https\r\n"), head);
        assertTrue(head.contains("x-forwarded-port: 443\r\n"), head);
        visitor.send(Door.get("/b"));
        target.awaitHead();
        target.send(OK);
        assertEquals("ok", visitor.awaitAnswer().body());
    }

    @Test
    void theNameDecidesWhichCertificateIsServedAndNoneGetsTheFirst() throws Exception {
        assertEquals("[[2, example.com], [2, *.example.com]]", namesServedTo(Door.HOST));
        assertEquals("[[2, other.example]]", namesServedTo("other.example"));
        assertEquals("[[2, example.com], [2, *.example.com]]", namesServedTo(null));
        assertEquals("[[2, example.com], [2, *.example.com]]", namesServedTo("127.0.0.1"));
    }

    private String namesServedTo(String host) throws Exception {
        try (SSLSocket socket = client.connect(port, host)) {
            X509Certificate served = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            return served.getSubjectAlternativeNames().toString();
        }
    }

    @Test
    void aNameThatNobodyServesGetsAnAlertThatSaysSo() {
        SSLHandshakeException refused =
                assertThrows(SSLHandshakeException.class, () -> client.connect(port, "example.org"));

        assertTrue(refused.getMessage().contains("unrecognized_name"), refused.getMessage());
        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.NAME_NOT_SERVED));
    }

    @Test
    void aHostThatTheCertificateDoesNotNameIsMisdirectedThere() throws Exception {
        RawVisitor visitor = visitor("other.example");

        visitor.send(Door.get("/"));

        assertEquals(421, visitor.awaitAnswer().status());
    }

    @Test
    void aPassthroughTunnelIsMisdirectedOnAConnectionThatEndsHere() throws Exception {
        RawVisitor visitor = visitor(Door.HOST);

        visitor.send("GET / HTTP/1.1\r\nHost: " + PASSED + "\r\n\r\n");

        assertEquals(421, visitor.awaitAnswer().status());
    }

    @Test
    void aPassthroughTunnelGetsTheClientHelloUntouched() throws Exception {
        byte[] hello = client.hello(PASSED);
        for (int tlsPort : new int[] {port, door.listenTls(null)}) {
            RawVisitor visitor = door.visitorOf(tlsPort).send(hello);
            FakeTarget target = door.carriers.awaitStream();

            String text = new String(hello, ISO_8859_1);
            assertEquals(text, target.awaitText(text));
            assertEquals("host:" + PASSED, target.request().tunnel());
            assertEquals(StreamRequest.Kind.TLS, target.request().kind());
            target.send("whatever the target says");
            visitor.awaitText("whatever the target says");
            target.finish();
            assertEquals("", visitor.awaitEnd());
        }
    }

    @Test
    void aStreamThatIsOpenedAgainStaysTlsWhateverItsTunnelHasBecome() throws Exception {
        door.carriers.number(2);
        door.visitorOf(port).send(client.hello(PASSED));
        FakeTarget first = door.carriers.awaitStream();
        door.registry.know(FakeRegistry.http2Tunnel(PASSED));

        first.reset(CloseReason.DRAINING, 0, "");

        // An agent refuses a stream of a kind that is not its tunnel's.
        assertEquals(
                StreamRequest.Kind.TLS, door.carriers.awaitStream().request().kind());
    }

    @Test
    void aPassthroughTunnelThatThisNodeHasNotHeardOfIsAskedFor() throws Exception {
        door.registry.knowAtOwner(FakeRegistry.tlsTunnel("new.example.com"));

        door.visitorOf(port).send(client.hello("new.example.com"));

        assertEquals(
                "host:new.example.com", door.carriers.awaitStream().request().tunnel());
    }

    @Test
    void aClientHelloByteByByteIsOne() throws Exception {
        RawVisitor visitor = door.visitorOf(port);

        for (byte one : client.hello(Door.HOST)) {
            visitor.send(new byte[] {one});
        }

        awaitServerHello(visitor);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 100})
    void aClientHelloInManyRecordsIsOne(int bytesEach) throws Exception {
        RawVisitor visitor = door.visitorOf(port);

        visitor.send(inRecordsOf(bytesEach, client.hello(Door.HOST)));

        awaitServerHello(visitor);
    }

    @Test
    void aClientHelloLargerThanARecordIsOne() throws Exception {
        String[] many = IntStream.range(0, 280)
                .mapToObj(i -> "protocol-%060d".formatted(i))
                .toArray(String[]::new);
        byte[] hello = client.hello(Door.HOST, many);
        assertTrue(hello.length > 18 * 1024, "it has " + hello.length + " bytes");

        RawVisitor visitor = door.visitorOf(port).send(hello);

        awaitServerHello(visitor);
    }

    @Test
    void aClientHelloBeyondTheBoundIsRefused() throws Exception {
        byte[] begun = {22, 3, 1, 0, 4, 1, 0, (byte) 0x80, 1}; // Of 32,769 bytes.

        assertEquals("", withoutAlert(door.visitorOf(port).send(begun).awaitEnd()));
        await().until(() -> door.traffic.doorRefusals().of(DoorRefusal.NOT_TLS) == 1);
    }

    private static String withoutAlert(String sent) {
        return sent.startsWith("\u0015") ? "" : sent;
    }

    /** Browsers always send the extension, most of the time with nothing in it (GREASE). */
    @Test
    void anEncryptedClientHelloIsRoutedByItsOuterName() throws Exception {
        byte[] here = withExtension(client.hello(Door.HOST), 0xFE0D, new byte[200]);
        byte[] there = withExtension(client.hello(PASSED), 0xFE0D, new byte[200]);

        awaitServerHello(door.visitorOf(port).send(here));
        door.visitorOf(port).send(there);

        FakeTarget target = door.carriers.awaitStream();
        String text = new String(there, ISO_8859_1);
        assertEquals(text, target.awaitText(text));
    }

    @Test
    void withoutANameNothingCanBePassedOn() throws Exception {
        RawVisitor visitor = door.visitorOf(door.listenTls(null)).send(client.hello(null));

        assertEquals("\u0015\u0003\u0001\u0000\u0002\u0002\u0070", visitor.awaitEnd());
        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.NO_SERVER_NAME));
    }

    @Test
    void whatEndsHereIsNotServedWhereAllIsPassedOn() throws Exception {
        RawVisitor visitor = door.visitorOf(door.listenTls(null)).send(client.hello(Door.HOST));

        assertEquals("\u0015\u0003\u0001\u0000\u0002\u0002\u0070", visitor.awaitEnd());
    }

    @Test
    void httpOnTheTlsPortIsToldTheRightAddress() throws Exception {
        RawVisitor visitor = door.visitorOf(port).send("GET /a?b HTTP/1.1\r\nHost: app.example.com:7443\r\n\r\n");

        Answer answer = visitor.awaitAnswer();

        assertEquals(400, answer.status());
        assertEquals("tls_required", answer.field("culvert-error"));
        assertTrue(answer.body().contains("https://app.example.com:7443/a?b"), answer.body());
        assertEquals("close", answer.field("connection"));
        assertEquals("", visitor.awaitEnd());
    }

    @Test
    void tlsOnThePlainPortGetsAnAlert() throws Exception {
        RawVisitor visitor = door.visitor().send(client.hello(Door.HOST));

        assertEquals("\u0015\u0003\u0001\u0000\u0002\u0002\u0028", visitor.awaitEnd());
        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.TLS_ON_PLAIN_PORT));
    }

    @Test
    void whatIsNeitherIsClosed() throws Exception {
        RawVisitor visitor = door.visitorOf(port).send("\u0001\u0002\u0003\u0004");

        assertEquals("", visitor.awaitEnd());
        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.NOT_TLS));
    }

    @Test
    void garbageInsideTlsEndsTheConnectionAndNothingElse() throws Exception {
        Socket below = new Socket("127.0.0.1", port);
        RawVisitor visitor = door.visitor(client.over(below, Door.HOST));
        visitor.send(Door.get("/"));
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        // A record that nobody encrypted.
        below.getOutputStream().write(new byte[] {23, 3, 3, 0, 4, 1, 2, 3, 4});

        assertEquals(CloseReason.CANCELLED, target.awaitReset());
    }

    @Test
    void aVisitorThatEndsItsDirectionGetsTheWholeAnswer() throws Exception {
        RawVisitor visitor = visitor(Door.HOST);
        visitor.send(Door.get("/"));
        visitor.finish();
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();

        target.send("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n").send("x".repeat(400_000));

        assertEquals(400_000, visitor.awaitAnswer().body().length());
        assertEquals("", visitor.awaitEnd());
    }

    @Test
    void anAnswerThatBreaksOffDoesNotEndAsIfItWereWhole() throws Exception {
        RawVisitor visitor = visitor(Door.HOST);
        visitor.send("GET / HTTP/1.0\r\nHost: app.example.com\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        visitor.awaitText("half");

        target.reset(CloseReason.TARGET_FAILED, -1, "");

        assertThrows(IOException.class, visitor::awaitEnd);
    }

    @Test
    void upgradedConnectionsAreRawInBothDirectionsAndEndOneByOne() throws Exception {
        RawVisitor visitor = visitor(Door.HOST);
        visitor.send("GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfirst");

        assertEquals(101, visitor.awaitAnswer().status());
        target.awaitText("early");
        visitor.send("\u0000\u00ff raw");
        target.awaitText("\u0000\u00ff raw");
        visitor.finish();
        target.awaitFinish();
        target.send(" and last");
        target.finish();
        assertEquals("first and last", visitor.awaitEnd());
    }

    @Test
    void upgradedConnectionThatBreaksIsNoEndForTheVisitor() throws Exception {
        RawVisitor visitor = visitor(Door.HOST);
        visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        visitor.awaitAnswer();

        target.reset(CloseReason.TARGET_FAILED, -1, "");

        assertThrows(IOException.class, visitor::awaitEnd);
    }

    @Test
    void connectionsThatStandKeepTheirCertificateWhenItIsReplaced() throws Exception {
        RawVisitor before = visitor(Door.HOST);
        authority.write(folder, "edge", authority.issue("app.example.com"));
        await().until(() -> namesServedTo(Door.HOST).equals("[[2, app.example.com]]"));

        before.send(Door.get("/"));

        door.carriers.awaitStream().send(OK);
        assertEquals("ok", before.awaitAnswer().body());
    }

    private static void awaitServerHello(RawVisitor visitor) throws IOException {
        String begin = visitor.read(6);
        assertEquals("\u0016\u0003\u0003", begin.substring(0, 3), "a handshake record");
        assertEquals(2, begin.charAt(5), "a ServerHello");
    }

    /** The same handshake message in more records. */
    private static byte[] inRecordsOf(int bytesEach, byte[] hello) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (int at = 5; at < hello.length; at += bytesEach) {
            byte[] piece = Arrays.copyOfRange(hello, at, Math.min(hello.length, at + bytesEach));
            records.writeBytes(new byte[] {22, 3, 1, (byte) (piece.length >> 8), (byte) piece.length});
            records.writeBytes(piece);
        }
        return records.toByteArray();
    }

    /** The same ClientHello, which is in one record, with one more extension at its end. */
    private static byte[] withExtension(byte[] hello, int type, byte[] content) {
        ByteBuffer old = ByteBuffer.wrap(hello);
        int extensionsAt = 5 + 4 + 2 + 32;
        extensionsAt += 1 + old.get(extensionsAt);
        extensionsAt += 2 + old.getShort(extensionsAt);
        extensionsAt += 1 + old.get(extensionsAt);
        int more = 4 + content.length;
        ByteBuffer fresh = ByteBuffer.allocate(hello.length + more);
        fresh.put(hello).putShort((short) type).putShort((short) content.length).put(content);
        fresh.putShort(3, (short) (hello.length - 5 + more));
        fresh.putShort(7, (short) (hello.length - 9 + more));
        fresh.putShort(extensionsAt, (short) (old.getShort(extensionsAt) + more));
        return fresh.array();
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.testkit.LeakFree;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Whom a PROXY header makes the visitor, and who may send one. */
@ExtendWith(LeakFree.class)
class ProxyHeaderTest {
    private static final String V1 = "PROXY TCP4 203.0.113.9 192.0.2.1 5000 443\r\n";
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;

    private Door door;

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private void trust(boolean loopback) throws Exception {
        IngressOptions.Deadlines deadlines = new IngressOptions.Deadlines(
                Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofMillis(200));
        door = Door.open(Door.options(peer -> loopback && peer.isLoopbackAddress(), deadlines));
    }

    /** A header of version 2 for the same addresses, with an extension. */
    private static byte[] v2(int command, int... extension) {
        ByteBuffer header = ByteBuffer.allocate(28 + extension.length);
        header.put(new byte[] {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A});
        header.put((byte) command).put((byte) 0x11).putShort((short) (12 + extension.length));
        header.put(new byte[] {(byte) 203, 0, 113, 9, (byte) 192, 0, 2, 1});
        header.putShort((short) 5000).putShort((short) 443);
        for (int one : extension) {
            header.put((byte) one);
        }
        return header.array();
    }

    private String headAtTarget() throws Exception {
        FakeTarget target = door.carriers.awaitStream();
        return target.awaitHead();
    }

    @Test
    void theVisitorIsWhoTheTrustedProxySays() throws Exception {
        trust(true);

        door.visitor().send(V1 + Door.get("/"));
        String first = headAtTarget();
        door.visitor().send(v2(PROXY, 0x04, 0, 2, 1, 2)).send(Door.get("/"));
        String second = headAtTarget();

        assertTrue(first.contains("x-forwarded-for: 203.0.113.9\r\n"), first);
        assertTrue(second.contains("x-forwarded-for: 203.0.113.9\r\n"), second);
    }

    @Test
    void aHeaderByteByByteIsOne() throws Exception {
        trust(true);
        for (byte[] header : new byte[][] {V1.getBytes(StandardCharsets.US_ASCII), v2(PROXY)}) {
            RawVisitor visitor = door.visitor();

            for (byte one : header) {
                visitor.send(new byte[] {one});
            }
            visitor.send(Door.get("/"));

            String head = headAtTarget();
            assertTrue(head.contains("x-forwarded-for: 203.0.113.9\r\n"), head);
        }
    }

    @Test
    void forwardedFieldsOfAVisitorBehindAProxyAreDropped() throws Exception {
        trust(true);

        door.visitor()
                .send(V1 + "GET / HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 8.8.8.8\r\n"
                        + "X-Forwarded-Proto: https\r\n\r\n");

        String head = headAtTarget();
        assertTrue(head.contains("x-forwarded-for: 203.0.113.9\r\n"), head);
        assertTrue(head.contains("x-forwarded-proto: http\r\n"), head);
    }

    @Test
    void aTrustedProxyMaySpeakForItselfOrLeaveTheHeaderOut() throws Exception {
        trust(true);
        for (byte[] header :
                new byte[][] {v2(LOCAL), "PROXY UNKNOWN\r\n".getBytes(StandardCharsets.US_ASCII), new byte[0]}) {
            door.visitor().send(header).send(Door.get("/"));

            String head = headAtTarget();
            assertTrue(head.contains("x-forwarded-for: 127.0.0.1\r\n"), head);
        }
    }

    @Test
    void aProxyThatEndedTlsSaysSo() throws Exception {
        trust(true);

        door.visitor().send(v2(PROXY, 0x20, 0, 5, 1, 0, 0, 0, 0)).send(Door.get("/"));

        String head = headAtTarget();
        assertTrue(head.contains("x-forwarded-proto: https\r\n"), head);
        assertTrue(head.contains("x-forwarded-port: 443\r\n"), head);
    }

    @Test
    void aForgedHeaderIsRefused() throws Exception {
        trust(false);

        assertEquals("", door.visitor().send(V1 + Door.get("/")).awaitEnd());
        assertEquals(
                "",
                door.visitor()
                        .send(new String(v2(PROXY), StandardCharsets.ISO_8859_1) + Door.get("/"))
                        .awaitEnd());

        assertEquals(2, door.traffic.doorRefusals().of(DoorRefusal.PROXY_UNTRUSTED));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void aMalformedHeaderIsRefused() throws Exception {
        trust(true);

        assertEquals("", door.visitor().send("PROXY TCP4 one two 3 4\r\n").awaitEnd());
        assertEquals("", door.visitor().send("PROXY " + "x".repeat(200)).awaitEnd());
        assertEquals("", door.visitor().send(v2(0x55)).awaitEnd());

        // Counted when the connection is closed already.
        Awaitility.await()
                .untilAsserted(() -> assertEquals(3, door.traffic.doorRefusals().of(DoorRefusal.PROXY_MALFORMED)));
    }

    @Test
    void tlsMayFollow(@TempDir Path folder) throws Exception {
        trust(true);
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("*.example.com"));
        door.registry.know(FakeRegistry.tlsTunnel("secure.example.com"));
        Certificates certificates = door.certificates(folder, "edge");
        int port = door.listenTls(certificates);
        TlsClient client = new TlsClient(authority);

        Socket plain = new Socket("127.0.0.1", port);
        plain.getOutputStream().write(v2(PROXY));
        door.visitor(client.over(plain, Door.HOST)).send(Door.get("/"));
        String head = headAtTarget();
        door.visitorOf(port).send(v2(PROXY)).send(client.hello("secure.example.com"));
        FakeTarget passed = door.carriers.awaitStream();

        assertTrue(head.contains("x-forwarded-for: 203.0.113.9\r\n"), head);
        assertEquals("203.0.113.9:5000", passed.request().visitor());
        assertEquals("192.0.2.1:443", passed.request().reached());
        certificates.close();
    }

    @Test
    void visitorsByRawTcpAreWhoTheProxySaysEvenWhereTheTargetSpeaksFirst() throws Exception {
        trust(true);
        door.registry.know(door.tcpTunnel());
        RawVisitor visitor = door.tcpVisitor().send(v2(PROXY));
        FakeTarget target = door.carriers.awaitStream();

        target.send("SSH-2.0-x\r\n");
        visitor.awaitText("SSH-2.0-x\r\n");
        visitor.send("and back");
        target.awaitText("and back");
        assertEquals("203.0.113.9:5000", target.request().visitor());
    }

    @Test
    void aHeaderThatStopsHalfWayIsNotTakenForNone() throws Exception {
        trust(true);
        door.registry.know(door.tcpTunnel());

        assertEquals("", door.tcpVisitor().send(Arrays.copyOf(v2(PROXY), 20)).awaitEnd());

        assertEquals(1, door.traffic.doorRefusals().of(DoorRefusal.TOO_SLOW));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void visitorsByRawTcpNeedNoHeader() throws Exception {
        trust(true);
        door.registry.know(door.tcpTunnel());

        door.tcpVisitor().send("PING\r\n");
        FakeTarget spoken = door.carriers.awaitStream();
        door.tcpVisitor();
        FakeTarget silent = door.carriers.awaitStream();

        spoken.awaitText("PING\r\n");
        assertTrue(spoken.request().visitor().startsWith("127.0.0.1:"));
        assertTrue(silent.request().visitor().startsWith("127.0.0.1:"));
    }
}

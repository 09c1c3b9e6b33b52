package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import dev.culvert.testkit.LeakFree;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Handshakes that take as long as a test wants: the event loop, which is one for all visitors here, does not wait. */
@ExtendWith(LeakFree.class)
class HandshakesElsewhereTest {
    private static final int MORE_THAN_SOCKETS_HOLD = 64 * 1024 * 1024;

    @TempDir
    Path folder;

    /** What is to be computed for handshakes, until the test does it. */
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();

    private volatile boolean full;
    private TlsClient client;
    private Door door;
    private Certificates certificates;
    private int port;

    @BeforeEach
    void open() throws Exception {
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("*.example.com"));
        client = new TlsClient(authority);
        door = Door.open();
        certificates = door.certificates(folder, "edge", this::later);
        port = door.listenTls(certificates);
    }

    @AfterEach
    void close() throws Exception {
        certificates.close();
        door.close();
    }

    private void later(Runnable task) {
        if (full) {
            throw new RejectedExecutionException();
        }
        work.add(task);
    }

    private Runnable awaitWork() throws InterruptedException {
        Runnable first = work.poll(5, TimeUnit.SECONDS);
        assertNotNull(first, "a handshake is computed on its event loop");
        return first;
    }

    @Test
    void othersAreServedWhileAHandshakeIsComputed() throws Exception {
        RawVisitor waiting = door.visitorOf(port).send(client.hello(Door.HOST));
        Runnable handshake = awaitWork();

        RawVisitor other = door.visitorOf(port).send("GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");

        assertEquals(400, other.awaitAnswer().status()); // Told to come by TLS.
        handshake.run();
        assertEquals("\u0016\u0003\u0003", waiting.read(3)); // The ServerHello.
    }

    @Test
    void nothingIsReadFromAVisitorWhoseHandshakeIsComputed() throws Exception {
        try (SocketChannel visitor = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
                Selector selector = Selector.open()) {
            visitor.write(ByteBuffer.wrap(client.hello(Door.HOST)));
            Runnable handshake = awaitWork();

            visitor.configureBlocking(false);
            visitor.register(selector, SelectionKey.OP_WRITE);
            long taken = 0;
            while (taken < MORE_THAN_SOCKETS_HOLD && selector.select(1000) > 0) {
                selector.selectedKeys().clear();
                taken += visitor.write(ByteBuffer.allocate(64 * 1024));
            }

            handshake.run(); // Before the door closes, which waits for it.
            assertTrue(taken < MORE_THAN_SOCKETS_HOLD, "all that was sent ahead was taken");
        }
    }

    @Test
    void whatCameWhileAHandshakeWasComputedIsReadAfterIt() throws Exception {
        // Two records that make no sense behind the ClientHello: an alert comes of them, once somebody reads them.
        RawVisitor visitor = door.visitorOf(port).send(client.hello(Door.HOST));
        Runnable handshake = awaitWork();
        visitor.send(new byte[] {23, 3, 3, 0, 4, 1, 2, 3, 4});

        handshake.run();

        visitor.awaitEnd();
        await().until(() -> door.traffic.doorRefusals().of(DoorRefusal.HANDSHAKE_FAILED) == 1);
    }

    @Test
    void aVisitorWhoLeavesMeanwhileIsNoHarm() throws Exception {
        RawVisitor left = door.visitorOf(port).send(client.hello(Door.HOST));
        Runnable handshake = awaitWork();
        left.close();

        handshake.run();

        await().until(() -> door.visitorPort.visitors() == 0);
        RawVisitor next = door.visitorOf(port).send(client.hello(Door.HOST));
        awaitWork().run();
        assertEquals("\u0016\u0003\u0003", next.read(3));
    }

    @Test
    void aVisitorForWhomThereIsNoRoomIsSentAway() throws Exception {
        full = true;

        door.visitorOf(port).send(client.hello(Door.HOST)).awaitEnd();

        await().until(() -> door.traffic.doorRefusals().of(DoorRefusal.TOO_MANY) == 1);
        full = false;
        RawVisitor next = door.visitorOf(port).send(client.hello(Door.HOST));
        awaitWork().run();
        assertEquals("\u0016\u0003\u0003", next.read(3));
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Visitors who stop in the middle hold a bounded part of the memory, and nobody up. */
class StalledVisitorsIT {
    private static final int STALLED = 200;
    private static final long GIB = 1024 * Memory.MIB;

    /** How far each visitor gets before it stops: into the body, and far enough for its windows to have grown. */
    private static final int READ_BYTES = 512 * 1024;

    /** So little that what a visitor does not read stays in the tunnel, not in its kernel. */
    private static final int SMALL_BUFFER_BYTES = 4096;

    /** When nothing has moved for so long, all that can be buffered is. */
    private static final Duration QUIET = Duration.ofSeconds(2);

    /** What the issue promises to the one who comes last. */
    private static final Duration FIRST_BYTE = Duration.ofSeconds(1);

    @RegisterExtension
    final Stage stage = Stage.asUsersRunIt();

    @Test
    void twoHundredStalledDownloadsHoldNobodyUp() throws Exception {
        Path files = stage.folder("files");
        try (RandomAccessFile sparse = new RandomAccessFile(files.resolve("big").toFile(), "rw")) {
            sparse.setLength(GIB);
        }
        Files.writeString(files.resolve("page"), "the page\n");
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, Nginx.serving(stage, files).port(), "--lanes", "1");
        String name = agent.awaitName();
        assertEquals(1, edge.lanesOf(name).size());
        edge.get(name, "/page");

        List<Visitor> stalled = new ArrayList<>();
        for (int i = 0; i < STALLED; i++) {
            Visitor visitor = stage.keep(Visitor.to(edge.httpPort(), SMALL_BUFFER_BYTES));
            visitor.get(edge.host(name), "/big");
            stalled.add(visitor);
        }
        for (Visitor visitor : stalled) {
            assertEquals(200, visitor.head().status());
            visitor.bytes(READ_BYTES);
        }
        Memory.awaitStandstill(QUIET, edge.program(), agent.program());

        assertFirstByteInTime(edge, name);
        assertBounded(edge.program());
        assertBounded(agent.program());
    }

    @Test
    void twoHundredUploadsToATargetThatStopsReadingHoldNobodyUp() throws Exception {
        DeafTarget target = stage.keep(DeafTarget.start());
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, target.port(), "--lanes", "1");
        String name = agent.awaitName();
        assertEquals(1, edge.lanesOf(name).size());
        edge.get(name, "/page");

        byte[] head = "POST /big HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                .formatted(edge.host(name), GIB)
                .getBytes(StandardCharsets.US_ASCII);
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < STALLED; i++) {
                SocketChannel visitor = stage.keep(SocketChannel.open());
                visitor.setOption(StandardSocketOptions.SO_SNDBUF, SMALL_BUFFER_BYTES);
                visitor.connect(new InetSocketAddress("127.0.0.1", edge.httpPort()));
                visitor.write(ByteBuffer.wrap(head));
                visitor.configureBlocking(false);
                visitor.register(selector, SelectionKey.OP_WRITE);
            }
            long sent = writeUntilNobodyTakesMore(selector);
            assertTrue(sent > STALLED * (long) SMALL_BUFFER_BYTES, "only %d bytes were sent".formatted(sent));
            System.out.printf("%d uploads stand after %d MiB%n", STALLED, sent / Memory.MIB);
        }
        assertEquals(STALLED, target.deaf());

        assertFirstByteInTime(edge, name);
        assertBounded(edge.program());
        assertBounded(agent.program());
    }

    private static void assertBounded(Program program) throws IOException {
        Memory.assertPeakUnder(program, Memory.promisedBytes(program, STALLED + 1));
    }

    private static void assertFirstByteInTime(RunningEdge edge, String name) throws IOException {
        // The first time waits for nothing but the lane; the median of several would hide what the issue asks for.
        try (Visitor visitor = edge.visitor()) {
            long asked = System.nanoTime();
            visitor.get(edge.host(name), "/page");
            int first = visitor.read();
            Duration took = Duration.ofNanos(System.nanoTime() - asked);

            assertEquals('H', first);
            System.out.printf("first byte beside %d stalled ones: %d ms%n", STALLED, took.toMillis());
            assertTrue(took.compareTo(FIRST_BYTE) <= 0, "the first byte took " + took);
            assertTrue(visitor.line().startsWith("TTP/1.1 200"));
        }
    }

    /** Writes to all that take something, until none does for {@link #QUIET}. */
    private static long writeUntilNobodyTakesMore(Selector selector) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(16 * 1024);
        long sent = 0;
        while (selector.select(QUIET.toMillis()) > 0) {
            for (SelectionKey key : selector.selectedKeys()) {
                piece.clear();
                sent += ((SocketChannel) key.channel()).write(piece);
            }
            selector.selectedKeys().clear();
        }
        return sent;
    }
}

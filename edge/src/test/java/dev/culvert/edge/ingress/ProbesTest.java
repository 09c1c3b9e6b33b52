package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Visitors whose network dies say nothing any more, not even that they leave: the kernel has to ask. */
@EnabledOnOs(OS.LINUX)
class ProbesTest {
    private static final String ESTABLISHED = "01";

    /** In the kernel's table: nothing is on its way, and the next question is due. */
    private static final String ASKS = "02";

    private static final int TICKS_PER_SECOND = 100;

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    @Test
    void visitorThatWaitsForItsAnswerByHttp2IsAsked() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        visitor.request(RawHttp2Visitor.get(Door.HOST, "/"));
        door.carriers.awaitStream().awaitHead();

        assertAsked();
    }

    @Test
    void visitorThatWaitsForItsAnswerByHttp1IsAsked() throws Exception {
        door.visitor().send(Door.get("/"));
        door.carriers.awaitStream().awaitHead();

        assertAsked();
    }

    @Test
    void visitorWithAWebSocketIsAsked() throws Exception {
        RawVisitor visitor = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        FakeTarget target = door.carriers.awaitStream();
        target.awaitHead();
        target.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        assertEquals(101, visitor.awaitHeadAnswer().status());

        assertAsked();
    }

    /** Of the connection to the door, which is the only one, the door's end. */
    private void assertAsked() {
        await().untilAsserted(() -> {
            List<String[]> ends = ends();
            assertEquals(1, ends.size());
            String[] timer = ends.get(0)[5].split(":");
            assertEquals(ASKS, timer[0]);
            assertTrue(Long.parseLong(timer[1], 16) <= 45 * TICKS_PER_SECOND, timer[1]);
        });
    }

    /** Rows of the kernel's table of connections. */
    private List<String[]> ends() throws IOException {
        String local = ":%04X".formatted(door.port());
        return Stream.of("/proc/net/tcp", "/proc/net/tcp6")
                .map(Path::of)
                .filter(Files::exists)
                .flatMap(ProbesTest::lines)
                .map(line -> line.strip().split("\\s+"))
                .filter(row -> row[1].endsWith(local) && row[3].equals(ESTABLISHED))
                .toList();
    }

    private static Stream<String> lines(Path table) {
        try {
            return Files.readAllLines(table).stream();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

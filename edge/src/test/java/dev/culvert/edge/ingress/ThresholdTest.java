package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that do not say what they are. */
class ThresholdTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    @Test
    void silenceAndHalvesEndInTime(@TempDir Path folder) throws Exception {
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("*.example.com"));
        byte[] hello = new TlsClient(authority).hello(Door.HOST);
        try (Door door = Door.open(SHORT, Duration.ofSeconds(5))) {
            Certificates certificates = door.certificates(folder, "edge");
            int port = door.listenTls(certificates);
            RawVisitor[] slow = {
                door.visitor(),
                door.visitorOf(port),
                door.visitorOf(port).send(Arrays.copyOf(hello, hello.length / 2)),
                door.visitorOf(port).send("\u0016")
            };
            RawVisitor handshaking = door.visitorOf(port).send(hello); // And never what has to follow.

            for (RawVisitor visitor : slow) {
                assertEquals("", visitor.awaitEnd());
            }
            assertTrue(handshaking.awaitEnd().startsWith("\u0016"), "it got the ServerHello");

            await().until(() -> door.visitorPort.visitors() == 0);
            assertEquals(
                    5,
                    door.traffic.doorRefusals().of(DoorRefusal.TOO_SLOW)
                            + door.traffic.doorRefusals().of(DoorRefusal.HANDSHAKE_FAILED));
            certificates.close();
        }
    }

    @Test
    void aDrainDoesNotWaitForThem() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor silent = door.visitor();
            await().until(() -> door.visitorPort.visitors() == 1);

            var drained = door.visitorPort.drain();

            assertEquals("", silent.awaitEnd());
            await().until(drained::succeeded);
        }
    }

    @Test
    void beyondTheBoundTheOldestGoes() throws Exception {
        try (Door door = Door.open()) {
            Ingress ingress = door.visitorPort.ingress();
            Threshold.Crowd crowd = new Threshold.Crowd();
            EmbeddedChannel[] channels = IntStream.rangeClosed(0, Threshold.Crowd.MOST)
                    .mapToObj(i -> arrived(ingress, crowd))
                    .toArray(EmbeddedChannel[]::new);

            assertFalse(channels[0].isOpen());
            assertTrue(channels[1].isOpen());
            assertEquals(1, ingress.traffic().doorRefusals().of(DoorRefusal.TOO_MANY));

            channels[1].close(); // Who leaves makes room.
            arrived(ingress, crowd);
            assertTrue(channels[2].isOpen());
        }
    }

    private static EmbeddedChannel arrived(Ingress ingress, Threshold.Crowd crowd) {
        EmbeddedChannel channel = new EmbeddedChannel();
        InetSocketAddress somewhere = new InetSocketAddress("127.0.0.1", 1);
        new Arrival(somewhere, somewhere, System.nanoTime(), false, null, false).settle(channel);
        channel.pipeline().addLast(new Threshold(ingress, channel, crowd));
        return channel;
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Peers that do not speak as they should: each ends its own connection, and nobody else notices. */
class PeersIT {
    /** The edge gives a peer 10 s to say HELLO; the rest is for a busy machine. */
    private static final Duration HANDSHAKE = Duration.ofSeconds(20);

    /** How many connections of noise for each port, each with other bytes. */
    private static final int TRIES = 20;

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningEdge edge;
    private static String name;
    private static List<String> lanes;

    @BeforeAll
    static void tunnel() throws Exception {
        edge = stage.edge();
        name = stage.agent(edge, PythonServer.target(stage).port()).awaitName();
        assertServes();
        lanes = edge.lanesOf(name);
    }

    @AfterEach
    void nobodyElseNoticed() throws Exception {
        assertServes();
        assertEquals(lanes, edge.lanesOf(name), "the agent's lanes are no more the same");
        assertTrue(edge.program().isAlive());
        for (String line : edge.program().err().lines()) {
            assertTrue(!line.contains("ERROR") && !line.contains("Exception"), "the edge logged: " + line);
        }
    }

    @Test
    void noiseOnTheVisitorPortEndsOnlyItsConnection() throws Exception {
        noiseOn(edge.httpPort());
    }

    @Test
    void noiseOnTheLanePortEndsOnlyItsConnection() throws Exception {
        noiseOn(edge.lanePort());
    }

    @Test
    void noiseOnTheAdminPortEndsOnlyItsConnection() throws Exception {
        noiseOn(edge.adminPort());
    }

    @Test
    void frameWithALengthBeyondTheBoundIsRefused() throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.connect(edge.lanePort())) {
            peer.sendRaw(header(0xFF_FF_FF, 1, 0));

            peer.expectGoAway(CloseReason.PROTOCOL_ERROR);
            peer.expectEnd();
        }
    }

    @Test
    void frameThatIsShorterThanItsFieldsIsRefused() throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.connect(edge.lanePort())) {
            peer.send(hello(Hello.VERSION)).await(Frame.WelcomeFrame.class);
            // A PING of three bytes, where eight are due.
            peer.sendRaw(header(3, 12, 0)).sendRaw((byte) 1, (byte) 2, (byte) 3);

            peer.expectGoAway(CloseReason.PROTOCOL_ERROR);
            peer.expectEnd();
        }
    }

    @Test
    void frameThatPromisesMoreThanItBringsIsWaitedForAndNothingElseIs() throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.connect(edge.lanePort())) {
            peer.send(hello(Hello.VERSION)).await(Frame.WelcomeFrame.class);
            peer.sendRaw(header(60_000, 3, 0)).sendRaw((byte) '{');

            assertServes();
        }
    }

    @Test
    void streamThatWasNeverOpenedIsRefused() throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.connect(edge.lanePort())) {
            peer.send(hello(Hello.VERSION)).await(Frame.WelcomeFrame.class);
            peer.sendText(4, "who asked?");

            peer.expectGoAway(CloseReason.PROTOCOL_ERROR);
            peer.expectEnd();
        }
    }

    @Test
    void agentOfAnotherVersionIsToldSo() throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.connect(edge.lanePort())) {
            peer.send(hello(99));

            Frame.GoAway answer = peer.expectGoAway(CloseReason.VERSION_MISMATCH);
            assertTrue(answer.detail().contains("99"), answer::detail);
            peer.expectEnd();
        }
    }

    @Test
    void agentThatSaysNothingIsNotWaitedForForEver() throws Exception {
        try (Visitor silent = Visitor.to(edge.lanePort())) {
            silent.socket().setSoTimeout((int) HANDSHAKE.toMillis());

            // A GOAWAY may come first; what matters is that the end comes.
            silent.rest();
        }
    }

    private static void assertServes() throws IOException {
        assertEquals("hello\n", edge.get(name, "/hello").body());
    }

    /** Connects with bytes of all kinds, and waits each time until the edge has had enough of them. */
    private static void noiseOn(int port) throws Exception {
        Random random = new Random(port);
        for (int i = 0; i < TRIES; i++) {
            byte[] noise = new byte[1 + random.nextInt(4096)];
            random.nextBytes(noise);
            try (Visitor peer = Visitor.to(port)) {
                peer.send(noise).halfClose();
                peer.rest();
            } catch (SocketException e) {
                // A reset ends a connection as well.
                assertTrue(String.valueOf(e.getMessage()).matches("(?i).*(reset|broken pipe).*"), e::toString);
            }
            if (i % 5 == 0) {
                assertServes();
            }
        }
    }

    private static Frame hello(int version) {
        return new Frame.HelloFrame(
                new Hello(List.of(version), "test", "i-" + version, List.of(), null, "s".repeat(22), 262_144, false));
    }

    private static byte[] header(int length, int type, int stream) {
        return ByteBuffer.allocate(Frame.HEADER_BYTES)
                .putInt(length << 8 | type)
                .putInt(stream)
                .array();
    }
}

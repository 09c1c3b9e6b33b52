package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.testkit.LeakFree;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import dev.culvert.wire.StreamRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A peer that breaks the rules loses its lane, and nobody else loses anything. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class LaneHostilePeerTest {
    private final LaneBench bench = new LaneBench();
    private LaneBench.Run bystander;

    @BeforeEach
    void start() throws Exception {
        bystander = bench.start();
    }

    @AfterEach
    void close() {
        bystander.settle();
        bench.close();
    }

    static List<Frame> againstTheRules() {
        return List.of(
                new Frame.Fin(1, 0), // Never opened.
                new Frame.Fin(2, 0),
                new Frame.Reset(7, CloseReason.DONE, 0, ""),
                new Frame.Credit(8, 1),
                new Frame.Data(9, Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[5]))),
                new Frame.Data(10, Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[5]))),
                new Frame.Open(2, LaneBench.REQUEST, 100, 100), // Ours to open.
                new Frame.Open(1, LaneBench.REQUEST, 100, 64 * 1024 + 1)); // Takes more than it was given.
    }

    @ParameterizedTest
    @MethodSource("againstTheRules")
    void aFrameAgainstTheRulesEndsTheLane(Frame frame) throws Exception {
        LaneBench.Run run = bench.start();

        run.peer().send(frame);

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
        run.peer().expectEnd();
        assertEquals(CloseReason.PROTOCOL_ERROR, run.handler().closeReason());
    }

    @Test
    void aStreamOfAKindThatIsNotKnownIsRefusedAndNoOther() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.accept(1);
        StreamRequest later = new StreamRequest("host:a", StreamRequest.Kind.UNKNOWN, "", 0, 0);

        run.peer().send(new Frame.Open(3, later, 100, 100));

        Frame.Reset reset = run.peer().expect(Frame.Reset.class);
        assertEquals(3, reset.streamId());
        assertEquals(CloseReason.NOT_HELD, reset.reason());
        assertEquals(0, reset.deliveredBytes());
        run.peer().sendText(1, "still here");
        assertEquals("still here", stream.nextText(10));
    }

    @Test
    void anIdOfThePeersIsNotUsedTwice() throws Exception {
        LaneBench.Run run = bench.start();
        run.accept(5).reset(CloseReason.CANCELLED);
        run.peer().expect(Frame.Reset.class);

        run.peer().send(new Frame.Open(5, LaneBench.REQUEST, 100, 100));

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
    }

    @Test
    void aStreamBeforeTheHandshakeEndsTheLane() throws Exception {
        LaneBench.Run run = bench.withoutGreeting().start();

        run.peer().send(new Frame.Open(1, LaneBench.REQUEST, 100, 100));

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
    }

    @Test
    void aConnectionThatIsClosedBeforeItsLaneBeginsEndsIt() throws Exception {
        LaneRecorder handler = new LaneRecorder(StreamRecorder::listen);
        int port = bench.vertx
                .createNetServer()
                .connectHandler(socket -> {
                    Channel channel = Sockets.takeOver(socket);
                    channel.close();
                    Lane.on(channel, Lane.Side.ACCEPTOR, bench.options, bench.budget, handler);
                })
                .listen(0, "127.0.0.1")
                .await()
                .actualPort();

        try (ScriptedPeer peer = ScriptedPeer.connect(port)) {
            assertEquals(CloseReason.LANE_LOST, handler.closeReason());
            peer.expectEnd();
        }
    }

    @Test
    void bytesThatAreNotFramesEndTheLaneAndTheRestIsDropped() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.accept(1);

        // A length of 16 MiB, and a megabyte of what would be its payload.
        run.peer().sendRaw((byte) -1, (byte) -1, (byte) -1, (byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
        run.peer().sendRaw(new byte[1024 * 1024]);

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
        run.peer().expectEnd();
        assertEquals(CloseReason.LANE_LOST, stream.nextReset().reason());
    }

    @Test
    void aPeerThatAsksForAnswersAndReadsNoneIsGivenUp() throws Exception {
        LaneBench.Run run = bench.start();
        run.peer().stopReading();

        byte[] pings = new byte[500 * 16];
        for (int at = 0; at < pings.length; at += 16) {
            pings[at + 2] = 8; // Bytes of payload.
            pings[at + 3] = 12;
        }
        // Their answers, of 16 bytes each: some for the sockets to hold, and more than 4 MiB of the rest.
        for (int sent = 0; sent < 320_000; sent += 500) {
            run.peer().sendRaw(pings);
        }

        assertEquals(CloseReason.LANE_LOST, run.handler().closeReason());
    }

    @Test
    void aConnectionThatSendsHttpIsClosed() throws Exception {
        LaneBench.Run run = bench.withoutGreeting().start();

        run.peer().sendRaw("GET / HTTP/1.1\r\nHost: edge\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

        run.peer().expectGoAway(CloseReason.PROTOCOL_ERROR);
        run.peer().expectEnd();
    }
}

package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Drains, from either side, and what can be tried again after them. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class LaneGoingAwayTest {
    private final LaneBench bench = new LaneBench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void streamsThatTheDrainingPeerWillNotServeEndUntouchedAndTheOthersGoOn() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder served = run.opened();
        StreamRecorder late = run.opened().write("sent already");

        run.peer().send(new Frame.GoAway(CloseReason.DRAINING, 2, List.of(), "stopping"));

        StreamReset reset = late.nextReset();
        assertEquals(new StreamReset(CloseReason.DRAINING, 0, "stopping"), reset);
        assertTrue(reset.provesUndelivered(0));
        run.peer().sendText(2, "still here");
        assertEquals("still here", served.nextText(10));
        assertTrue(run.handler().frames.poll(10, TimeUnit.SECONDS) instanceof Frame.GoAway);
        assertFalse(run.lane().takesStreams());
        assertEquals(
                new StreamReset(CloseReason.DRAINING, 0, "the lane takes no new streams"),
                run.open().nextReset());
    }

    @Test
    void theOffsetsOfAPeerThatClosesTheLaneAreFinal() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder untouched = run.opened().write("abc"); // Its OPEN and its bytes are at the peer.
        StreamRecorder begun = run.opened().write("abc");
        StreamRecorder unknown = run.opened().write("abc");

        run.peer()
                .send(new Frame.GoAway(
                        CloseReason.CLOSED,
                        6,
                        List.of(new Frame.GoAway.Delivered(2, 0), new Frame.GoAway.Delivered(4, 3)),
                        "good night"));

        assertEquals(new StreamReset(CloseReason.LANE_LOST, 0, "good night"), untouched.nextReset());
        assertEquals(new StreamReset(CloseReason.LANE_LOST, 3, "good night"), begun.nextReset());
        assertEquals(StreamReset.UNKNOWN, unknown.nextReset().deliveredBytes());
        assertEquals(
                new LaneRecorder.Closed(CloseReason.CLOSED, "good night"),
                run.handler().closed.get());
        assertTrue(run.handler().frames.poll(10, TimeUnit.SECONDS) instanceof Frame.GoAway);
        run.peer().expectEnd();
    }

    @Test
    void anOpenAfterOurGoAwayIsRefusedAndItsFirstBytesAreDropped() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder old = run.accept(1);

        run.lane().goAway(CloseReason.DRAINING, "stopping");
        assertEquals(1, run.peer().expect(Frame.GoAway.class).lastStreamId());
        run.peer()
                .send(new Frame.Open(3, LaneBench.REQUEST, 100, 100))
                .sendText(3, "first bytes")
                .send(new Frame.Fin(3, 0))
                .sendText(1, "go on");

        Frame.Reset reset = run.peer().expect(Frame.Reset.class);
        assertEquals(CloseReason.DRAINING, reset.reason());
        assertEquals(3, reset.streamId());
        assertEquals(0, reset.deliveredBytes());
        assertEquals("go on", old.nextText(5));
        assertTrue(run.lane().takesStreams(), "the peer has refused nothing yet");
        assertTrue(run.handler().streams.isEmpty());
        run.lane().goAway(CloseReason.DRAINING, "again");
        assertEquals(1, run.peer().expect(Frame.GoAway.class).lastStreamId());
    }

    @Test
    void whoGoesAwayStillOpensStreamsUntilThePeerHasAnotherLane() throws Exception {
        LaneBench.Run run = bench.start();
        run.lane().goAway(CloseReason.DRAINING, "stopping");
        run.peer().expect(Frame.GoAway.class);

        assertTrue(run.lane().takesStreams());
        StreamRecorder late = run.opened();
        run.peer().sendText(2, "served all the same");

        assertEquals("served all the same", late.nextText(19));
    }

    @Test
    void aReasonThatEndsTheLaneIsNoDrain() throws Exception {
        LaneBench.Run run = bench.start();

        assertThrows(IllegalArgumentException.class, () -> run.lane().goAway(CloseReason.CLOSED, ""));
    }

    @Test
    void aRefusedStreamTakesNothingFromTheBudgetAndNoId() throws Exception {
        LaneBench.Run run = bench.start();
        run.peer().send(new Frame.GoAway(CloseReason.DRAINING, 0, List.of(), ""));
        run.settle();

        run.open().nextReset();
        run.open().write("x").nextReset();

        assertEquals(bench.options.windowBudgetBytes(), bench.budget.left());
        assertEquals(0, run.lane().load());
        run.settle();
    }
}

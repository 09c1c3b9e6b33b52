package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Exchange;
import dev.culvert.wire.Frame;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A lane's life, and that of its streams. */
@ExtendWith(LeakFree.class)
@Timeout(60)
class LaneTest {
    private LaneBench bench = new LaneBench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aLaneWithoutAHandshakeIsClosed() throws Exception {
        bench.close();
        bench = new LaneBench(new LaneOptions(65536, 16384, 65536, 0, Duration.ofSeconds(30), Duration.ofMillis(50)))
                .withoutGreeting();

        LaneBench.Run run = bench.start();

        run.peer().expectGoAway(CloseReason.SILENT);
        run.peer().expectEnd();
        assertEquals(CloseReason.SILENT, run.handler().closeReason());
    }

    @Test
    void aSilentPeerLosesItsLaneAndItsStreams() throws Exception {
        bench.close();
        bench = new LaneBench(new LaneOptions(65536, 16384, 65536, 0, Duration.ofMillis(40), Duration.ofSeconds(30)));
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.open();

        run.peer().stopAnsweringPings();

        assertEquals(CloseReason.SILENT, run.handler().closeReason());
        StreamReset reset = stream.nextReset();
        assertEquals(CloseReason.LANE_LOST, reset.reason());
        assertEquals(StreamReset.UNKNOWN, reset.deliveredBytes());
        run.peer().expectGoAway(CloseReason.SILENT);
        run.peer().expectEnd();
    }

    @Test
    void aPeerThatAnswersPingsKeepsItsLane() throws Exception {
        bench.close();
        bench = new LaneBench(new LaneOptions(65536, 16384, 65536, 0, Duration.ofMillis(100), Duration.ofSeconds(30)));
        LaneBench.Run run = bench.start();

        run.peer().expectNothingFor(Duration.ofMillis(500)); // Twice the silence that ends a lane.

        assertTrue(run.ask(run.lane()::takesStreams));
        run.settle();
    }

    @Test
    void aPingIsAnsweredWithItsNumber() throws Exception {
        LaneBench.Run run = bench.start();

        run.peer().send(new Frame.Ping(Long.MIN_VALUE));

        assertEquals(Long.MIN_VALUE, run.peer().expect(Frame.Pong.class).token());
    }

    @Test
    void anOpenedStreamsBytesFollowItsOpenAtOnce() throws Exception {
        LaneBench.Run run = bench.start();

        StreamRecorder stream = run.open().write("hello");

        Frame.Open open = run.peer().expect(Frame.Open.class);
        assertEquals(2, open.streamId());
        assertEquals(LaneBench.REQUEST, open.request());
        assertEquals(64 * 1024, open.receiveWindowBytes());
        assertEquals(1024 * 1024, open.sendWindowBytes());
        assertEquals("hello", run.peer().expectText(2, 5));
        assertEquals(1, run.lane().load());
        stream.reset(CloseReason.CANCELLED);
        assertEquals(0, run.lane().load());
    }

    @Test
    void bytesGoBothWaysOnAStreamThatThePeerOpened() throws Exception {
        LaneBench.Run run = bench.start();

        StreamRecorder stream = run.accept(1);
        run.peer().sendText(1, "question");

        assertEquals("question", stream.nextText(8));
        stream.write("answer");
        assertEquals("answer", run.peer().expectText(1, 6));
        assertEquals(LaneBench.REQUEST, stream.request);
    }

    @Test
    void whatArrivesBeforeAnyoneListensIsKept() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        StreamRecorder stream = run.accept(1);
        run.peer().sendText(1, "early ").sendText(1, "bird").send(new Frame.Fin(1, 0));
        run.settle();

        stream.listen();

        assertEquals("early bird", stream.nextText(10));
        assertSame(StreamRecorder.FINISH, stream.next());
    }

    @Test
    void aResetThatCameBeforeAnyoneListenedIsTold() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        StreamRecorder stream = run.accept(1);
        run.peer().sendText(1, "x").send(new Frame.Fin(1, 0), new Frame.Reset(1, CloseReason.CANCELLED, 0, "gone"));
        run.settle();

        stream.listen();

        assertEquals(CloseReason.CANCELLED, stream.nextReset().reason());
        assertEquals(0, stream.heardMore());
    }

    @Test
    void thePeerEndsItsDirectionAndOursGoesOn() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.opened();

        run.peer().sendText(2, "all").send(new Frame.Fin(2, 0));

        assertEquals("all", stream.nextText(3));
        assertSame(StreamRecorder.FINISH, stream.next());
        stream.write("more").finish();
        assertEquals("more", run.peer().expectText(2, 4));
        assertEquals(3, run.peer().expect(Frame.Fin.class).deliveredBytes());
        assertEquals(0, run.lane().load());
    }

    @Test
    void ourDirectionEndsBehindItsBytesAndThePeersGoesOn() throws Exception {
        LaneBench.Run run = bench.peerWindow(10).start();
        StreamRecorder stream = run.opened();

        stream.write("0123456789ab").finish().write("too late");

        assertEquals("0123456789", run.peer().expectText(2, 10));
        run.settle(); // Nothing else: the FIN waits for the last two.
        run.peer().send(new Frame.Credit(2, 100));
        assertEquals("ab", run.peer().expectText(2, 2));
        run.peer().expect(Frame.Fin.class);
        run.peer().sendText(2, "still here").send(new Frame.Fin(2, 12));
        assertEquals("still here", stream.nextText(10));
        assertSame(StreamRecorder.FINISH, stream.next());
        run.settle();
        assertEquals(0, run.lane().load());
    }

    @Test
    void aResetCarriesReasonDetailAndWhatWasDelivered() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder untouched = run.accept(1);
        StreamRecorder used = run.accept(3);
        run.peer().sendText(1, "12345").sendText(3, "12345");
        untouched.nextBytes(5);
        used.nextBytes(5);

        untouched.reset(CloseReason.TARGET_REFUSED);
        used.consumed(2).reset(CloseReason.TARGET_FAILED);

        Frame.Reset first = run.peer().expect(Frame.Reset.class);
        assertEquals(new Frame.Reset(1, CloseReason.TARGET_REFUSED, 0, "as the test says"), first);
        Frame.Reset second = run.peer().expect(Frame.Reset.class);
        assertEquals(new Frame.Reset(3, CloseReason.TARGET_FAILED, 2, "as the test says"), second);
        assertEquals(0, untouched.heardMore() + used.heardMore());
    }

    @Test
    void thePeersResetIsTold() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.opened();

        run.peer().send(new Frame.Reset(2, CloseReason.TARGET_REFUSED, 7, "connection to 127.0.0.1:3000 refused"));

        assertEquals(
                new StreamReset(CloseReason.TARGET_REFUSED, 7, "connection to 127.0.0.1:3000 refused"),
                stream.nextReset());
        assertFalse(stream.isWritable());
        stream.write("into the void").finish().consumed(3).reset(CloseReason.CANCELLED);
        run.settle(); // Nothing of it was sent.
    }

    @Test
    void aStreamResetWhileItWaitsForItsTurnSendsNothingMore() throws Exception {
        LaneBench.Run run = bench.peerWindow(64 * 1024 * 1024).start();
        StreamRecorder hog = run.opened();
        StreamRecorder stream = run.opened();
        run.peer().stopReading();
        hog.write(new byte[32 * 1024 * 1024]); // More than sockets hold.

        stream.write(new byte[1000]).finish().reset(CloseReason.CANCELLED);
        hog.reset(CloseReason.CANCELLED);
        run.peer().readOn();

        assertEquals(4, run.peer().await(Frame.Reset.class).streamId());
        assertEquals(2, run.peer().await(Frame.Reset.class).streamId());
        run.settle();
    }

    @Test
    void streamsBeyondWhatThereIsMemoryForAreRefusedOnBothSidesAndProvenUndelivered() throws Exception {
        bench.close();
        bench = LaneBench.withRoomFor(2);
        LaneBench.Run run = bench.start();
        StreamRecorder ours = run.open();
        run.peer().expect(Frame.Open.class);
        StreamRecorder theirs = run.accept(1);

        run.peer().send(new Frame.Open(3, LaneBench.REQUEST, 1024, 1024)).sendText(3, "on its way");
        Frame.Reset refused = run.peer().expect(Frame.Reset.class);
        assertEquals(3, refused.streamId());
        assertEquals(CloseReason.OVERLOADED, refused.reason());
        assertEquals(0, refused.deliveredBytes());
        StreamReset none = run.open().nextReset();
        assertEquals(CloseReason.OVERLOADED, none.reason());
        assertTrue(none.provesUndelivered(0));

        ours.reset(CloseReason.CANCELLED);
        run.peer().expect(Frame.Reset.class);
        run.accept(5).reset(CloseReason.CANCELLED);
        theirs.reset(CloseReason.CANCELLED);
        assertEquals(5, run.peer().expect(Frame.Reset.class).streamId());
    }

    @Test
    void framesOfStreamsThatJustEndedAreIgnored() throws Exception {
        LaneBench.Run run = bench.start();
        run.opened().reset(CloseReason.CANCELLED);
        run.peer().expect(Frame.Reset.class);
        run.accept(1).reset(CloseReason.CANCELLED);
        run.peer().expect(Frame.Reset.class);

        for (int id = 1; id <= 2; id++) {
            run.peer()
                    .sendText(id, "crossed")
                    .send(new Frame.Credit(id, 1), new Frame.Fin(id, 0))
                    .send(new Frame.Reset(id, CloseReason.CANCELLED, 0, ""));
        }

        run.settle();
        assertTrue(run.lane().takesStreams());
    }

    @Test
    void idsAreNotUsedAgain() throws Exception {
        LaneBench.Run run = bench.start();
        for (int id = 2; id <= 8; id += 2) {
            StreamRecorder stream = run.open();
            assertEquals(id, run.peer().expect(Frame.Open.class).streamId());
            stream.reset(CloseReason.CANCELLED);
            run.peer().expect(Frame.Reset.class);
        }
    }

    @Test
    void anExchangeIsReportedToAPeerThatWantsIt() throws Exception {
        LaneBench.Run run = bench.start();
        Exchange exchange = new Exchange("host:a", "192.0.2.1:9", "GET", "/", 200, 0, 5, 1, 2, 3);
        StreamRecorder stream = run.opened();

        stream.on(() -> stream.stream.report(exchange));
        run.peer().send(new Frame.Event(2, exchange));

        assertEquals(exchange, run.peer().expect(Frame.Event.class).exchange());
        assertEquals(exchange, run.handler().exchanges.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void anExchangeThatFailedIsReportedThoughItsStreamHasEnded() throws Exception {
        LaneBench.Run run = bench.start();
        Exchange exchange = new Exchange("host:a", "192.0.2.1:9", "GET", "/", 502, 0, 0, 1, 2, 3);
        StreamRecorder stream = run.opened().listen();
        run.peer().send(new Frame.Reset(2, CloseReason.TARGET_FAILED, 7, ""));
        stream.nextReset();

        stream.on(() -> stream.stream.report(exchange));
        run.peer().send(new Frame.Event(2, exchange));

        assertEquals(exchange, run.peer().expect(Frame.Event.class).exchange());
        assertEquals(exchange, run.handler().exchanges.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void aClosedLaneSaysWhyAndResetsItsStreams() throws Exception {
        LaneBench.Run run = bench.onStream(StreamRecorder::listenAndHold).start();
        StreamRecorder ours = run.opened();
        StreamRecorder theirs = run.accept(5);
        run.peer().sendText(5, "12345");
        theirs.nextBytes(5);
        theirs.consumed(3);

        run.lane().close(CloseReason.REPLACED, "a newer lane");

        Frame.GoAway goAway = run.peer().expect(Frame.GoAway.class);
        assertEquals(
                new Frame.GoAway(CloseReason.REPLACED, 5, List.of(new Frame.GoAway.Delivered(5, 3)), "a newer lane"),
                goAway);
        run.peer().expectEnd();
        assertEquals(CloseReason.LANE_LOST, ours.nextReset().reason());
        assertEquals(CloseReason.LANE_LOST, theirs.nextReset().reason());
        assertEquals(CloseReason.REPLACED, run.handler().closeReason());
        assertEquals(0, run.lane().load());
        assertFalse(run.lane().takesStreams());
        assertEquals(CloseReason.NOT_HELD, run.open().nextReset().reason());
    }

    @Test
    void aClosedLaneLetsGoOfAPeerThatReadsNothing() throws Exception {
        LaneBench.Run run = bench.peerWindow(8 * 1024 * 1024).start();
        StreamRecorder stream = run.opened();
        run.peer().stopReading();
        stream.write(new byte[8 * 1024 * 1024]); // More than the sockets between take.

        run.lane().close(CloseReason.CLOSED, "");

        run.socketClosed().get(10, TimeUnit.SECONDS);
    }

    @Test
    void theLastWordsArriveThoughThePeerIsStillSending() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.opened();

        run.lane().close(CloseReason.REPLACED, "");
        stream.nextReset();
        for (int i = 0; i < 100; i++) {
            run.peer().send(new Frame.Ping(i)); // Unread at our close, it would reset the connection.
        }

        run.peer().expectGoAway(CloseReason.REPLACED);
        run.peer().expectEnd();
    }

    @Test
    void aLostConnectionResetsItsStreams() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.opened();

        run.peer().close();

        assertEquals(StreamReset.UNKNOWN, stream.nextReset().deliveredBytes());
        assertEquals(CloseReason.LANE_LOST, run.handler().closeReason());
    }

    @Test
    void aListenerMayDoAnythingFromWithinItsCalls() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        StreamRecorder echoing = run.accept(1);
        echoing.within = event -> {
            if (event instanceof byte[] bytes) {
                echoing.stream.write(StreamRecorder.buffer(bytes));
            } else if (event == StreamRecorder.FINISH) {
                echoing.stream.finish();
            }
        };
        StreamRecorder resetting = run.accept(3);
        resetting.within = event -> resetting.stream.reset(CloseReason.CANCELLED, "");
        echoing.listen();
        resetting.listen();

        run.peer().sendText(1, "echo").send(new Frame.Fin(1, 0)).sendText(3, "reset me");

        assertEquals("echo", run.peer().expectText(1, 4));
        run.peer().expect(Frame.Fin.class);
        assertEquals(3, run.peer().expect(Frame.Reset.class).streamId());
        run.settle();
        assertEquals(0, run.lane().load());
    }

    @Test
    void aListenerThatResetsInItsFirstBytesHearsNothingMore() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        StreamRecorder stream = run.accept(1);
        run.peer().sendText(1, "x").send(new Frame.Fin(1, 0));
        run.settle();
        stream.within = event -> stream.stream.reset(CloseReason.CANCELLED, "");

        stream.listen();

        stream.nextBytes(1);
        assertEquals(0, stream.heardMore());
    }

    @Test
    void aLaneClosedByAListenerEndsOnce() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder stream = run.opened();
        StreamRecorder other = run.opened();
        stream.within = event -> run.lane().close(CloseReason.CLOSED, "enough");
        other.within = event -> stream.stream.write(StreamRecorder.buffer(new byte[100]));

        run.peer().sendText(2, "1").sendText(2, "2").sendText(4, "3");

        run.peer().expectGoAway(CloseReason.CLOSED);
        assertEquals(CloseReason.CLOSED, run.handler().closeReason());
        assertEquals(CloseReason.LANE_LOST, other.nextReset().reason());
    }

    @Test
    void aListenersMistakeEndsItsStreamAlone() throws Exception {
        LaneBench.Run run = bench.start();
        StreamRecorder broken = run.opened();
        StreamRecorder sound = run.opened();
        broken.within = event -> {
            throw new IllegalStateException("thrown by a test, as its log line says");
        };

        run.peer().sendText(2, "boom").sendText(4, "fine");

        Frame.Reset reset = run.peer().expect(Frame.Reset.class);
        assertEquals(CloseReason.INTERNAL, reset.reason());
        assertEquals(2, reset.streamId());
        assertEquals("fine", sound.nextText(4));
        sound.write("fine too");
        assertEquals("fine too", run.peer().expectText(4, 8));
    }

    @Test
    void aSecondListenerTakesOver() throws Exception {
        LaneBench.Run run = bench.onStream(stream -> {}).start();
        StreamRecorder first = run.accept(1);
        run.peer().sendText(1, "one");
        run.settle();
        StreamRecorder second = new StreamRecorder(first.stream, first.request);
        first.within = event -> second.listen();

        first.listen();
        run.peer().sendText(1, "two").send(new Frame.Fin(1, 0));

        assertEquals("one", first.nextText(3));
        assertEquals("two", second.nextText(3));
        assertSame(StreamRecorder.FINISH, second.next());
        assertEquals(0, first.heardMore());
    }
}

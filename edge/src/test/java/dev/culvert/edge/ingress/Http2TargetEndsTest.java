package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.END_STREAM;
import static dev.culvert.edge.testkit.RawHttp2Visitor.INITIAL_WINDOW_SIZE;
import static dev.culvert.edge.testkit.RawHttp2Visitor.MAX_CONCURRENT_STREAMS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.SETTINGS;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.PlayedHttp2Target;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.wire.CloseReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Targets that speak HTTP/2 and take a request no more, or not all of it: what was asked already, and what comes next. */
class Http2TargetEndsTest {
    private static final int NO_ERROR = 0;
    private static final int INTERNAL_ERROR = 2;
    private static final int REFUSED_STREAM = 7;

    private Door door;

    @BeforeEach
    void open() throws Exception {
        door = Door.open();
        door.registry.know(FakeRegistry.http2Tunnel(Door.HOST));
    }

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private PlayedHttp2Target awaitTarget(int... settings) throws Exception {
        return PlayedHttp2Target.on(door.carriers.awaitStream(), settings);
    }

    @Test
    void connectionThatTheTargetClosesIsNotUsedAgain() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();
        int first = target.awaitRequest().stream();
        target.head(first, ":status: 200", "content-length: 1").data(first, "1", true);
        assertEquals("1", visitor.awaitAnswer().body());

        target.goAway(first);
        assertEquals(CloseReason.CANCELLED, target.stream().awaitReset());
        visitor.send(Door.get("/2"));
        PlayedHttp2Target next = awaitTarget();
        int second = next.awaitRequest().stream();
        next.head(second, ":status: 200", "content-length: 1").data(second, "2", true);

        assertEquals("2", visitor.awaitAnswer().body());
    }

    @Test
    void requestThatTheTargetRefusesIsTriedElsewhere() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target refusing = awaitTarget();

        refusing.reset(refusing.awaitRequest().stream(), REFUSED_STREAM);
        PlayedHttp2Target other = awaitTarget();
        int asked = other.awaitRequest().stream();

        assertEquals("ab", new String(other.awaitData().payload()));
        other.lastHead(asked, ":status: 200");
        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void whoseRequestIsRefusedByTheOnlyTargetMayComeAgain() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target refusing = awaitTarget();

        refusing.reset(refusing.awaitRequest().stream(), REFUSED_STREAM);
        RawVisitor.Answer answer = visitor.awaitAnswer();

        assertEquals(503, answer.status());
        assertEquals("overloaded", answer.field("Culvert-Error"));
        assertNotEquals(null, answer.field("Retry-After"));
    }

    @Test
    void requestThatCrossedAGoAwayIsTriedElsewhere() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target leaving = awaitTarget();
        leaving.awaitRequest();

        leaving.goAway(0);
        PlayedHttp2Target other = awaitTarget();
        other.lastHead(other.awaitRequest().stream(), ":status: 200");

        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void answerGoesOnBehindAGoAwayThatServesIt() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.goAway(asked).head(asked, ":status: 200", "content-length: 5").data(asked, "whole", true);

        assertEquals("whole", visitor.awaitAnswer().body());
    }

    @Test
    void requestThatTheTargetResetsIsNotTriedAgain() throws Exception {
        door.carriers.number(2);
        RawVisitor visitor = door.visitor();
        visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target target = awaitTarget();

        target.reset(target.awaitRequest().stream(), INTERNAL_ERROR);

        assertEquals(502, visitor.awaitAnswer().status());
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void requestGoesElsewhereWhenTheTargetTakesNoMoreOfThem() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1"));
        PlayedHttp2Target target = awaitTarget();
        target.lastHead(target.awaitRequest().stream(), ":status: 204");
        assertEquals(204, visitor.awaitAnswer().status());
        target.frame(SETTINGS, 0, 0, new byte[] {0, MAX_CONCURRENT_STREAMS, 0, 0, 0, 0})
                .ping()
                .awaitPong();

        visitor.send("POST /2 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nab");
        PlayedHttp2Target next = awaitTarget();
        next.lastHead(next.awaitRequest().stream(), ":status: 200");

        assertEquals(200, visitor.awaitAnswer().status());
    }

    @Test
    void requestsInARowSuitATargetThatTakesOneAtATime() throws Exception {
        RawVisitor visitor = door.visitor();
        visitor.send(Door.get("/1") + Door.get("/2"));
        PlayedHttp2Target target = awaitTarget(MAX_CONCURRENT_STREAMS, 1);
        target.lastHead(target.awaitRequest().stream(), ":status: 201");
        assertEquals(201, visitor.awaitAnswer().status());

        PlayedHttp2Target next = awaitTarget();
        next.lastHead(next.awaitRequest().stream(), ":status: 202");

        assertEquals(202, visitor.awaitAnswer().status());
    }

    @Test
    void targetThatAnswersEarlyNeedNotTakeTheRest() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        visitor.data(stream, "begin", false);
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        target.lastHead(asked, ":status: 413").reset(asked, NO_ERROR);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(413, answer.status());
    }

    @Test
    void targetThatAnswersEarlyGetsTheRestAllTheSame() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.lastHead(asked, ":status: 202").ping().awaitPong();

        visitor.data(stream, "y".repeat(20), true);
        assertEquals(10, target.awaitData().payload().length);
        assertEquals(202, visitor.await(stream).status());
        target.grant(asked, 10);

        assertTrue(target.awaitData().has(END_STREAM));
        target.awaitGoAway();
        target.stream().awaitFinish();
    }

    /** Answers with more than a visitor who takes nothing is sent, so that its end has to wait. */
    private static int answerAndWait(PlayedHttp2Target target, int asked, String... head) throws Exception {
        String piece = "x".repeat(15_000);
        target.head(asked, head);
        for (int sent = 0; sent < 4; sent++) {
            target.data(asked, piece, false);
        }
        target.awaitGranted(30_000);
        target.data(asked, piece, false).data(asked, piece, true);
        return 6 * piece.length();
    }

    @Test
    void answerThatWaitsForItsVisitorOutlivesAResetThatSaysToSendNoMore() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.ping().awaitPong(); // Its settings are read.
        visitor.data(stream, "y".repeat(20), false);
        assertEquals(10, target.awaitData().payload().length);

        int size = answerAndWait(target, asked, ":status: 413");
        target.reset(asked, NO_ERROR).ping().awaitPong();
        visitor.grant(0, size);
        visitor.grant(stream, size);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(413, answer.status());
        assertEquals(size, answer.body().length());
        target.stream().awaitReset();
    }

    @Test
    void requestEndsWithItsAnswerWhereTheTargetHasClosedBehindIt() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget();
        int asked = target.awaitRequest().stream();

        int size = answerAndWait(target, asked, ":status: 413");
        target.ping().awaitPong();
        target.stream().finish();
        visitor.grant(0, size);
        visitor.grant(stream, size);
        RawHttp2Visitor.Answer answer = visitor.await(stream);

        assertEquals(size, answer.body().length());
        target.stream().awaitReset();
    }

    @Test
    void targetThatTakesNoMoreDoesNotHoldUpTheRestOfTheRequest() throws Exception {
        RawHttp2Visitor visitor = door.http2Visitor(INITIAL_WINDOW_SIZE, 0);
        visitor.grantNothing();
        int stream = visitor.open(post(Door.HOST, "/upload"));
        PlayedHttp2Target target = awaitTarget(INITIAL_WINDOW_SIZE, 10);
        int asked = target.awaitRequest().stream();
        target.ping().awaitPong(); // Its settings are read.
        visitor.data(stream, "y".repeat(10), false);
        visitor.data(stream, "y".repeat(10), false);
        target.awaitData();
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.data(stream, "y".repeat(15_000), false);
        visitor.sync();

        answerAndWait(target, asked, ":status: 413");
        target.reset(asked, NO_ERROR).ping().awaitPong();
        visitor.sync();

        assertTrue(visitor.granted(stream) >= 30_000, "granted: " + visitor.granted(stream));
    }
}

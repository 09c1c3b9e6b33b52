package dev.culvert.edge.ingress;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.lane.WindowBudget;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What heads take of the heap. */
class FieldRoomTest {
    private static final int BUDGET = 64 * 1024;

    private final WindowBudget budget = new WindowBudget(BUDGET);

    @Test
    void ordinaryHeadTakesNothingOfTheBudget() {
        EmbeddedChannel visitor = visitor();

        send(
                visitor,
                "GET / HTTP/1.1\r\n" + "cookie: 0123456789012345678901234567890123456789\r\n".repeat(25) + "\r\n");

        assertTrue(read(visitor).decoderResult().isSuccess());
        assertEquals(BUDGET, budget.left());
        visitor.finishAndReleaseAll();
    }

    @Test
    void largeHeadTakesWhatItNeedsUntilItsConnectionEnds() {
        EmbeddedChannel visitor = visitor();

        // Not even a whole one.
        send(visitor, "GET / HTTP/1.1\r\n" + "a:\r\n".repeat(200));
        long left = budget.left();
        assertTrue(left < BUDGET - 16 * 1024, left + " are left of " + BUDGET);
        assertTrue(left > 0, "no more than it takes");

        visitor.finishAndReleaseAll();
        assertEquals(BUDGET, budget.left());
    }

    @Test
    void headForWhichThereIsNoMoreRoomIsRefused() {
        EmbeddedChannel first = visitor();
        EmbeddedChannel second = visitor();
        String large = "GET / HTTP/1.1\r\na: " + "b".repeat(30 * 1024) + "\r\n\r\n";
        send(first, large);
        assertTrue(read(first).decoderResult().isSuccess());

        send(second, large);
        assertInstanceOf(
                FieldRoom.NoRoomException.class, read(second).decoderResult().cause());

        first.finishAndReleaseAll();
        EmbeddedChannel third = visitor();
        send(third, large);
        assertTrue(read(third).decoderResult().isSuccess(), "there is room again");
        second.finishAndReleaseAll();
        third.finishAndReleaseAll();
    }

    @Test
    void idleVisitorHoldsNothingOfTheBudget() throws Exception {
        try (Door door = Door.open()) {
            WindowBudget heads = door.visitorPort.ingress().heads();
            long before = heads.left();
            RawVisitor visitor = door.visitor();

            visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\n" + "x-a: 0123456789\r\n".repeat(250) + "\r\n");
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            assertTrue(heads.left() < before, "it takes room");
            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + "x-b: 0123456789\r\n".repeat(250) + "\r\nok");

            assertEquals("ok", visitor.awaitAnswer().body());
            await().until(() -> heads.left() == before);
            visitor.send(Door.get("/again"));
            assertTrue(target.awaitHead().startsWith("GET /again "), "both connections go on");
        }
    }

    @Test
    void connectionWhoseBufferHasGrownIsNotKept() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: app.example.com\r\ncookie: " + "c".repeat(20_000) + "\r\n\r\n");
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();

            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

            String answer = visitor.awaitEnd();
            assertTrue(answer.toLowerCase(Locale.ROOT).contains("connection: close"), answer);
        }
    }

    @Test
    void whatIsAddedToAWholeHeadIsNotItsSendersAnyMore() {
        EmbeddedChannel visitor = visitor();
        send(visitor, "GET / HTTP/1.1\r\n" + "a:\r\n".repeat(FieldRoom.MOST) + "\r\n");
        HttpRequest request = read(visitor);
        long left = budget.left();

        request.headers().add("forwarded", "for=192.0.2.1;" + "x".repeat(10_000));

        assertEquals(left, budget.left());
        visitor.finishAndReleaseAll();
    }

    @Test
    void streamOfHttp2GivesItsRoomBackAtItsEnd() throws Exception {
        try (Door door = Door.open();
                RawHttp2Visitor visitor = door.http2Visitor()) {
            WindowBudget heads = door.visitorPort.ingress().heads();
            long before = heads.left();

            int stream = visitor.request(
                    ":method: GET",
                    ":scheme: http",
                    ":authority: " + Door.HOST,
                    ":path: /",
                    "x-a: " + "a".repeat(12_000));
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            assertTrue(heads.left() < before - 10_000, "it takes room");

            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            assertEquals(200, visitor.await(stream).status());
            await().until(() -> heads.left() == before);
        }
    }

    @Test
    void visitorOrAnswerWithoutRoomIsToldSoAndNobodyIsBlamed() throws Exception {
        try (Door door = Door.open()) {
            WindowBudget heads = door.visitorPort.ingress().heads();
            assertTrue(heads.tryTake(heads.left()), "others take it all");
            String large = "x-a: 0123456789\r\n".repeat(250);

            Answer toVisitor = door.visitor()
                    .send("GET / HTTP/1.1\r\nHost: app.example.com\r\n" + large + "\r\n")
                    .awaitAnswer();
            RawVisitor ordinary = door.visitor().send(Door.get("/"));
            FakeTarget target = door.carriers.awaitStream();
            target.awaitHead();
            target.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + large + "\r\nok");
            Answer toAnswer = ordinary.awaitAnswer();

            for (Answer answer : List.of(toVisitor, toAnswer)) {
                assertEquals(503, answer.status());
                assertEquals("overloaded", answer.field("culvert-error"));
            }
        }
    }

    @Test
    void trailersComeOnTopOfTheirHead() {
        EmbeddedChannel visitor = visitor();
        send(visitor, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + "a:\r\n".repeat(200) + "\r\n");
        assertTrue(read(visitor).decoderResult().isSuccess());
        long left = budget.left();

        send(visitor, "0\r\n" + "a:\r\n".repeat(100));

        assertTrue(budget.left() < left - 10_000, budget.left() + " of " + left);
        visitor.finishAndReleaseAll();
        assertEquals(BUDGET, budget.left());
    }

    @Test
    void trailersCountAsHeadsDo() {
        EmbeddedChannel visitor = visitor();

        send(
                visitor,
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + "a:\r\n".repeat(FieldRoom.MOST + 2));

        assertTrue(read(visitor).decoderResult().isSuccess());
        LastHttpContent end = visitor.readInbound();
        assertTrue(end.decoderResult().isFailure());
        assertNull(visitor.readInbound());
        visitor.finishAndReleaseAll();
        assertEquals(BUDGET, budget.left());
    }

    @Test
    void answersCountAsWell() {
        ResponseDecoder decoder = new ResponseDecoder(new FieldRoom(budget));
        EmbeddedChannel target = new EmbeddedChannel(decoder);
        decoder.expect(HttpMethod.GET);

        send(target, "HTTP/1.1 200 OK\r\na: " + "b".repeat(60 * 1024));
        assertEquals(BUDGET, budget.left(), "half a field is bytes, and no text");
        send(target, "\r\n\r\n");

        HttpObject answer = target.readInbound();
        assertTrue(answer.decoderResult().isFailure(), answer::toString);
        target.finishAndReleaseAll();
        assertEquals(BUDGET, budget.left());
    }

    private EmbeddedChannel visitor() {
        return new EmbeddedChannel(new RequestDecoder(new FieldRoom(budget)));
    }

    private static void send(EmbeddedChannel to, String text) {
        to.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private static HttpRequest read(EmbeddedChannel from) {
        HttpRequest request = from.readInbound();
        ReferenceCountUtil.release(request);
        return request;
    }
}

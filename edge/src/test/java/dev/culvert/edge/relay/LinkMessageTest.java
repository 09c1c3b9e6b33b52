package dev.culvert.edge.relay;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.testkit.PromisedBytes;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LinkMessageTest {
    private static final LinkMessage MESSAGE = new LinkMessage(
            3,
            LinkMessage.Kind.FRAMES,
            "node-ä",
            "node-b",
            Integer.MAX_VALUE,
            7,
            Long.MAX_VALUE,
            LinkMessage.UNKNOWN,
            Unpooled.copiedBuffer("the frames", StandardCharsets.UTF_8));

    @Test
    void messageIsTheSameOnTheOtherSideWhereverItBegins() {
        Buffer wire = Buffer.buffer("before");
        int position = wire.length();
        new LinkCodec().encodeToWire(wire, MESSAGE);
        LinkMessage read = new LinkCodec().decodeFromWire(position, wire);
        assertEquals(MESSAGE, read);
        assertEquals("the frames", read.body().toString(StandardCharsets.UTF_8));
    }

    @Test
    void nodesOfOtherReleasesReadAMessage() {
        promised(
                new LinkMessage(
                        1,
                        LinkMessage.Kind.FRAMES,
                        "node-ä",
                        "node-b",
                        0x0102_0304,
                        7,
                        0x0506_0708_090aL,
                        3,
                        Unpooled.wrappedBuffer(PromisedBytes.of("00 00 08 08 00 00 00 02 00 00 00 00 00 00 00 63")
                                .bytes())),
                """
                01                              ; u8, version
                01                              ; u8, kind: frames
                07 'node-ä'                     ; u8, length, and sender
                06 'node-b'                     ; u8, length, and receiver
                01 02 03 04                     ; u32, the sender's epoch
                00 00 00 07                     ; u32, the receiver's epoch
                00 00 05 06 07 08 09 0a         ; u64, sequence
                00 00 00 00 00 00 00 03         ; u64, acknowledged
                00 00 08 08 00 00 00 02         ; body: whole frames, as on a lane (a FIN)
                00 00 00 00 00 00 00 63
                """);
    }

    @Test
    void nodesOfOtherReleasesReadWhyALinkIsClosed() {
        LinkMessage.Closing why = new LinkMessage.Closing(CloseReason.VERSION_MISMATCH, "speaks another — 2");
        LinkMessage read = promised(
                new LinkMessage(1, LinkMessage.Kind.CLOSED, "a", "b", 1, 0, 0, LinkMessage.UNKNOWN, why.toBody()), """
                01                              ; u8, version
                02                              ; u8, kind: closed
                01 'a'                          ; sender
                01 'b'                          ; receiver
                00 00 00 01                     ; u32, the sender's epoch
                00 00 00 00                     ; u32, the receiver's epoch: not heard of
                00 00 00 00 00 00 00 00         ; u64, no sequence
                ff ff ff ff ff ff ff ff         ; acknowledged: it cannot be said
                0b                              ; body: u8, the reason
                'speaks another — 2'            ; in UTF-8 up to the end
                """);
        assertEquals(why, read.closing(), WHAT_TO_DO);
    }

    /** A bus drops what comes by a codec that it does not know, without a word. */
    @Test
    void nodesOfOtherReleasesKnowTheCodecByItsName() {
        assertEquals("culvert-link", new LinkCodec().name(), WHAT_TO_DO);
        assertEquals(-1, new LinkCodec().systemCodecID(), WHAT_TO_DO);
    }

    /** They do not greet each other, and so each takes it that the other has these. */
    @Test
    void nodesOfOtherReleasesHaveTheSameWindows() {
        assertEquals(262_144, Link.OPTIONS.streamWindowBytes(), WHAT_TO_DO);
        assertEquals(16_384, Link.OPTIONS.floorWindowBytes(), WHAT_TO_DO);
        assertEquals(8_388_608, Link.OPTIONS.maxWindowBytes(), WHAT_TO_DO);
        assertEquals(Duration.ofMillis(500), Link.OPTIONS.pingInterval(), WHAT_TO_DO);
    }

    private static LinkMessage promised(LinkMessage message, String notation) {
        PromisedBytes promised = PromisedBytes.of(notation);
        Buffer wire = Buffer.buffer();
        new LinkCodec().encodeToWire(wire, message);
        promised.areWritten(wire.getBytes());
        LinkMessage read = new LinkCodec().decodeFromWire(0, Buffer.buffer(promised.bytes()));
        promised.areRead(message, read);
        return read;
    }

    @Test
    void encodingLeavesTheBodyToItsOwner() {
        ByteBuf body = Unpooled.copiedBuffer("x", StandardCharsets.UTF_8);
        LinkMessage message = new LinkMessage(1, LinkMessage.Kind.FRAMES, "a", "b", 1, 0, 1, 0, body);
        message.appendTo(Buffer.buffer());
        assertEquals(1, body.refCnt());
        assertEquals(1, body.readableBytes());
        body.release();
    }

    @Test
    void messageThatEndsInItsHeaderIsMalformed() {
        Buffer wire = Buffer.buffer();
        new LinkCodec().encodeToWire(wire, MESSAGE);
        int header = wire.length() - MESSAGE.body().readableBytes();
        for (int length = 0; length < header; length++) {
            Buffer cut = wire.getBuffer(0, length);
            assertThrows(MalformedFrameException.class, () -> LinkMessage.read(cut, 0));
        }
    }

    @Test
    void kindThatNobodyKnowsIsMalformed() {
        Buffer wire = Buffer.buffer();
        new LinkCodec().encodeToWire(wire, MESSAGE);
        wire.setByte(0, (byte) LinkMessage.VERSION).setByte(1, (byte) 99);
        assertThrows(MalformedFrameException.class, () -> LinkMessage.read(wire, 0));
    }

    /** So that it is refused for its version, and not dropped without a word. */
    @Test
    void kindThatOnlyAnotherVersionKnowsIsRead() {
        Buffer wire = Buffer.buffer();
        new LinkCodec().encodeToWire(wire, MESSAGE);
        wire.setByte(1, (byte) 99);
        LinkMessage read = LinkMessage.read(wire, 0);
        assertEquals(LinkMessage.Kind.UNKNOWN, read.kind());
        assertEquals(MESSAGE.sender(), read.sender());
    }

    @Test
    void closingSaysWhy() {
        LinkMessage.Closing why = new LinkMessage.Closing(CloseReason.VERSION_MISMATCH, "speaks another version — 2");
        LinkMessage message = new LinkMessage(1, LinkMessage.Kind.CLOSED, "a", "b", 1, 2, 0, 0, why.toBody());
        assertEquals(why, message.closing());
        LinkMessage empty = new LinkMessage(1, LinkMessage.Kind.CLOSED, "a", "b", 1, 2, 0, 0, Unpooled.EMPTY_BUFFER);
        assertEquals(new LinkMessage.Closing(CloseReason.INTERNAL, ""), empty.closing());
    }
}

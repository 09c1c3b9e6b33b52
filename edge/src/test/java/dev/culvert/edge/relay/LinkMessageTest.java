package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.wire.CloseReason;
import dev.culvert.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
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

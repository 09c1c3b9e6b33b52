package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GatheredWritesTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new GatheredWrites());

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void smallPiecesOfOneTurnLeaveAsOneBuffer() {
        write(bytes("head "));
        write(bytes(""));
        write(bytes("and body"));
        assertNull(channel.readOutbound(), "nothing leaves before the flush");

        channel.flush();

        assertEquals("head and body", read());
        assertNull(channel.readOutbound());
    }

    @Test
    void largePieceIsPassedOnAsItIsBehindWhatWasGathered() {
        ByteBuf large = bytes("x".repeat(5000));
        write(bytes("before "));
        write(large);
        write(bytes("after"));
        channel.flush();

        assertEquals("before ", read());
        assertSame(large, channel.readOutbound());
        large.release();
        assertEquals("after", read());
    }

    @Test
    void gatheredBufferStaysSmall() {
        for (int i = 0; i < 20; i++) {
            write(bytes("x".repeat(1000)));
        }
        channel.flush();

        assertEquals(16_000, read().length());
        assertEquals(4_000, read().length());
    }

    @Test
    void whoWaitsForAPieceHearsWhenAllHasLeft() {
        write(bytes("first "));
        var written = channel.write(bytes("awaited"));
        write(bytes(" last"));
        assertFalse(written.isDone());
        channel.flush();

        assertTrue(written.isSuccess());
        assertEquals("first awaited last", read());
        assertNull(channel.readOutbound());
    }

    @Test
    void emptyPieceWhoseEndIsAwaitedKeepsItsPlace() {
        write(bytes("first"));
        var written = channel.write(Unpooled.EMPTY_BUFFER);
        channel.flush();

        assertTrue(written.isSuccess());
        assertEquals("first", read());
        assertEquals("", read());
    }

    @Test
    void flushesWithNothingToFlushEndHere() {
        AtomicInteger flushes = new AtomicInteger();
        channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
            @Override
            public void flush(ChannelHandlerContext context) {
                flushes.incrementAndGet();
                context.flush();
            }
        });
        channel.flush();
        assertEquals(1, flushes.get(), "what was written before this handler was there");

        channel.flush();
        write(bytes("small"));
        channel.flush();
        channel.flush();
        ByteBuf large = bytes("x".repeat(5000));
        write(large);
        channel.flush();
        channel.flush();

        assertEquals(3, flushes.get());
    }

    @Test
    void whoWaitsForAPieceThatWasNotFlushedHearsOfTheEnd() {
        var written = channel.write(bytes("lost"));

        channel.close();

        assertInstanceOf(ClosedChannelException.class, written.cause());
    }

    @Test
    void whatWasNotFlushedIsReleasedWithTheChannel() {
        ByteBuf piece = bytes("lost");
        write(piece);

        channel.close();

        assertEquals(0, piece.refCnt());
        assertNull(channel.readOutbound());
    }

    private void write(ByteBuf bytes) {
        channel.write(bytes, channel.voidPromise());
    }

    private String read() {
        ByteBuf bytes = channel.readOutbound();
        String text = bytes.toString(StandardCharsets.US_ASCII);
        bytes.release();
        return text;
    }

    private static ByteBuf bytes(String text) {
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.buffer();
        bytes.writeCharSequence(text, StandardCharsets.US_ASCII);
        return bytes;
    }
}

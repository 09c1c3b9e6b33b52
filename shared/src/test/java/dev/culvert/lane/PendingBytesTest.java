package dev.culvert.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class PendingBytesTest {
    /** Heap and direct memory in use are exact here, and what is released twice or never shows. */
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, false);

    private long used() {
        return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
    }

    @Property(tries = 300)
    void whatGoesInComesOutInOrderAndCostsABoundedMultiple(@ForAll long seed) {
        Random random = new Random(seed);
        PendingBytes pending = new PendingBytes(allocator);
        ByteArrayOutputStream in = new ByteArrayOutputStream();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<ByteBuf> taken = new ArrayList<>();
        for (int step = 0; step < 60; step++) {
            if (random.nextInt(3) > 0) {
                add(pending, random, in);
            } else {
                ByteBuf piece = pending.poll(1 + random.nextInt(random.nextBoolean() ? 100 : 50_000));
                if (piece != null) {
                    taken.add(piece); // Read at the end: nothing that is added later may show in it.
                }
            }
            if (taken.isEmpty()) {
                assertTrue(used() <= 4L * pending.bytes() + 1024, used() + " for " + pending.bytes());
            }
        }
        for (ByteBuf piece = pending.poll(7777); piece != null; piece = pending.poll(7777)) {
            taken.add(piece);
        }
        assertEquals(0, pending.bytes());
        for (ByteBuf piece : taken) {
            byte[] bytes = new byte[piece.readableBytes()];
            piece.readBytes(bytes).release();
            out.writeBytes(bytes);
        }
        assertArrayEquals(in.toByteArray(), out.toByteArray());
        assertEquals(0, used(), "leaked");
    }

    /** Adds a slice of a larger read, as they come from a lane. */
    private void add(PendingBytes pending, Random random, ByteArrayOutputStream in) {
        int size = random.nextInt(random.nextBoolean() ? 50 : 30_000);
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        in.writeBytes(bytes);
        ByteBuf whole = allocator.directBuffer(size + random.nextInt(100_000) + 1);
        whole.writeBytes(bytes);
        pending.add(whole.readRetainedSlice(size));
        whole.release();
    }

    @Example
    void aLargePieceOfItsBufferIsNotCopied() {
        PendingBytes pending = new PendingBytes(allocator);
        ByteBuf piece = allocator.directBuffer(8192).writeZero(8192);

        pending.add(piece);

        assertSame(piece, pending.poll(8192));
        assertNull(pending.poll(1));
        piece.release();
    }

    @Example
    void aPieceInFlightIsNotMovedByWhatIsAddedBehindIt() {
        PendingBytes pending = new PendingBytes(PooledByteBufAllocator.DEFAULT);
        pending.add(StreamRecorder.buffer(new byte[100]));
        ByteBuf inFlight = pending.poll(50);
        assertTrue(inFlight != null && inFlight.readableBytes() == 50);
        long address = inFlight.memoryAddress();

        pending.add(StreamRecorder.buffer(new byte[10_000].clone()).readerIndex(7_000));

        assertEquals(address, inFlight.memoryAddress());
        inFlight.release();
        ByteBuf rest = pending.poll(Integer.MAX_VALUE);
        assertTrue(rest != null && rest.readableBytes() == 50);
        rest.release();
        ByteBuf added = pending.poll(Integer.MAX_VALUE);
        assertTrue(added != null && added.readableBytes() == 3000);
        assertNotSame(rest, added);
        added.release();
    }

    @Example
    void smallPiecesAreJoined() {
        PendingBytes pending = new PendingBytes(allocator);
        for (int i = 0; i < 1000; i++) {
            pending.add(allocator.directBuffer(64).writeByte(i));
        }

        ByteBuf joined = pending.poll(Integer.MAX_VALUE);

        assertTrue(joined != null && joined.readableBytes() == 1000);
        joined.release();
        assertTrue(pending.isEmpty());
    }

    @Example
    void whatIsDroppedIsReleased() {
        PendingBytes pending = new PendingBytes(allocator);
        add(pending, new Random(1), new ByteArrayOutputStream());
        add(pending, new Random(2), new ByteArrayOutputStream());

        pending.release();
        pending.release();

        assertEquals(0, used());
        assertEquals(0, pending.bytes());
    }
}

package dev.culvert.lane;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that wait for whoever takes them. A small slice keeps the whole read buffer it was cut from alive; so what is
 * small against its buffer is copied, and small pieces are joined. What waits here costs at most
 * {@link #MOST_PINNED_PER_BYTE} times its size in memory.
 *
 * <p>Not thread-safe.
 */
public final class PendingBytes {
    /** A piece smaller than this share of the buffer behind it is copied. */
    private static final int MOST_PINNED_PER_BYTE = 4;

    /** How far small pieces are joined, in bytes: big enough that a buffer's own cost does not show. */
    private static final int JOINED_BYTES = 16 * 1024;

    private final ByteBufAllocator allocator;
    private final ArrayDeque<ByteBuf> pieces = new ArrayDeque<>(4);
    private int bytes;
    /** The last piece, while it is one of ours to append to. */
    private boolean lastIsJoined;

    public PendingBytes(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /** How many bytes wait. */
    public int bytes() {
        return bytes;
    }

    public boolean isEmpty() {
        return bytes == 0;
    }

    /** Appends bytes and takes their ownership. */
    public void add(ByteBuf piece) {
        int size = piece.readableBytes();
        bytes += size;
        if (size == 0) {
            piece.release();
        } else if (size * MOST_PINNED_PER_BYTE >= pinnedBytes(piece) && size >= JOINED_BYTES / 4) {
            pieces.add(piece);
            lastIsJoined = false;
        } else {
            join(piece, size);
        }
    }

    /**
     * Takes the next bytes, at least one and at most {@code most}.
     *
     * @return the caller's to release; null when nothing waits
     */
    public @Nullable ByteBuf poll(int most) {
        ByteBuf first = pieces.peek();
        if (first == null) {
            return null;
        }
        if (first.readableBytes() > most) {
            bytes -= most;
            // Growing it would move the bytes that the slice is about to show to the transport.
            lastIsJoined &= pieces.size() > 1;
            return first.readRetainedSlice(most);
        }
        pieces.poll();
        bytes -= first.readableBytes();
        return first;
    }

    /**
     * Hands all that waits to a taker, who owns it then, for as long as it goes on.
     *
     * @param goesOn asked after each piece
     * @return whether it went on to the end
     */
    public boolean drainTo(Consumer<ByteBuf> taker, BooleanSupplier goesOn) {
        for (ByteBuf piece = poll(Integer.MAX_VALUE); piece != null; piece = poll(Integer.MAX_VALUE)) {
            taker.accept(piece);
            if (!goesOn.getAsBoolean()) {
                return false;
            }
        }
        return true;
    }

    /** Drops all that waits. */
    public void release() {
        pieces.forEach(ByteBuf::release);
        pieces.clear();
        bytes = 0;
    }

    private void join(ByteBuf piece, int size) {
        ByteBuf last = lastIsJoined ? pieces.peekLast() : null;
        if (last == null || last.maxWritableBytes() < size) {
            last = allocator.ioBuffer(size, Math.max(size, JOINED_BYTES));
            pieces.add(last);
            lastIsJoined = true;
        }
        last.writeBytes(piece);
        piece.release();
    }

    private static int pinnedBytes(ByteBuf piece) {
        ByteBuf root = piece;
        while (root.unwrap() != null) {
            root = root.unwrap();
        }
        return root.capacity();
    }
}

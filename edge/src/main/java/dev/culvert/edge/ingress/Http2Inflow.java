package dev.culvert.edge.ingress;

import dev.culvert.lane.PendingBytes;
import dev.culvert.lane.WindowBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/**
 * The body that comes in on one stream of HTTP/2, for somebody who may take no more of it for a while. What came
 * meanwhile is held, within the stream's window: the sender is granted what was taken. Used on the channel's event loop.
 */
final class Http2Inflow {
    private final Http2Window window;
    private final ByteBufAllocator allocator;
    private final Ends ends;
    private @Nullable PendingBytes held;
    private @Nullable LastHttpContent heldEnd;
    private boolean stopped;
    private boolean handingOn;
    private boolean closed;

    /** Who takes the body, and how the sender is told. */
    interface Ends {
        /** A piece of the body, or its end. Taken over. */
        void take(HttpContent content);

        /** Held bytes were taken: the sender may send as many more. */
        void granted(int bytes);

        /** The sender may send so much further ahead. */
        void widen(int growth);
    }

    /**
     * Of one stream.
     *
     * @param budget what the windows of all streams may grow by
     */
    Http2Inflow(WindowBudget budget, ByteBufAllocator allocator, Ends ends) {
        this.window = new Http2Window(budget);
        this.allocator = allocator;
        this.ends = ends;
    }

    /**
     * A piece came; it stays the caller's.
     *
     * @param last whether it is the end, too
     * @return how many bytes of it are taken: so many more the sender may send
     */
    int onData(ByteBuf data, boolean last) {
        int size = data.readableBytes();
        if (closed) {
            return size; // Nobody wants it any more.
        } else if (stopped || held != null) {
            hold(data.retain());
            heldEnd = last ? LastHttpContent.EMPTY_LAST_CONTENT : null;
            return 0;
        } else if (last) {
            ends.take(new DefaultLastHttpContent(data.retain()));
        } else if (size > 0) {
            ends.take(new DefaultHttpContent(data.retain()));
            int growth = stopped ? 0 : window.afterTaking(size);
            if (growth > 0) {
                ends.widen(growth);
            }
        }
        return size;
    }

    /** The end came by itself, with trailers or without. */
    void onEnd(LastHttpContent end) {
        if (stopped || held != null) {
            heldEnd = end;
        } else if (!closed) {
            ends.take(end);
        }
    }

    /** Whether the end has come, and waits to be taken. */
    boolean holdsEnd() {
        return heldEnd != null;
    }

    /** Nothing is taken for now; what was handed on already may still come. */
    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    /** What is held is taken, and what comes. */
    void resume() {
        stopped = false;
        handOnHeld();
    }

    /** Nobody takes anything more; what was granted beyond the first window goes back. */
    void close() {
        closed = true;
        window.close();
        drop();
    }

    /** Nobody takes what is held. */
    private void drop() {
        heldEnd = null;
        if (held != null) {
            held.release();
            held = null;
        }
    }

    private void hold(ByteBuf bytes) {
        if (held == null) {
            held = new PendingBytes(allocator);
        }
        held.add(bytes);
    }

    private void handOnHeld() {
        if (handingOn) {
            return;
        }
        handingOn = true;
        while (!stopped && !closed) {
            ByteBuf bytes = held == null ? null : held.poll(Integer.MAX_VALUE);
            if (bytes != null) {
                int size = bytes.readableBytes();
                ends.take(new DefaultHttpContent(bytes));
                ends.granted(size);
                continue;
            }
            held = null;
            if (heldEnd == null) {
                break;
            }
            LastHttpContent end = heldEnd;
            heldEnd = null;
            ends.take(end);
        }
        handingOn = false;
    }
}

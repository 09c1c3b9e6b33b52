package dev.culvert.lane;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What has come for the listener of a stream, who may come later still: bytes, and behind them an end, or a reset in the
 * place of both. What it holds is bounded by whoever fills it. Runs on the stream's event loop.
 */
public final class Inbox {
    private final PendingBytes waiting;
    private TunnelStream.@Nullable Listener listener;
    private @Nullable StreamReset untold;
    private boolean finished;
    private boolean closed;

    /** Empty, and nobody listens. */
    public Inbox(ByteBufAllocator allocator) {
        waiting = new PendingBytes(allocator);
    }

    /**
     * Delivers to this listener from now on, and at once what waits.
     *
     * @return false when it has handed the rest on to another listener meanwhile
     */
    public boolean listen(TunnelStream.Listener newListener) {
        listener = newListener;
        if (!waiting.drainTo(newListener::onBytes, () -> listener == newListener)) {
            return false;
        }
        if (untold != null) {
            StreamReset reset = untold;
            untold = null;
            newListener.onReset(reset);
        } else if (finished && !closed) {
            newListener.onFinish();
        }
        return true;
    }

    /** Who listens; null for nobody yet. */
    public TunnelStream.@Nullable Listener listener() {
        return listener;
    }

    /** Bytes came; they are the inbox's, and the listener's then. Dropped behind the end, and when it is closed. */
    public void bytes(ByteBuf bytes) {
        if (closed || finished) {
            bytes.release();
        } else if (listener == null) {
            waiting.add(bytes);
        } else {
            listener.onBytes(bytes);
        }
    }

    /** All bytes have come. Said again, it is not heard. */
    public void finish() {
        if (closed || finished) {
            return;
        }
        finished = true;
        if (listener != null) {
            listener.onFinish();
        }
    }

    /** The stream is broken: what waits is dropped. Not heard when it is closed, which it is behind that. */
    public void reset(StreamReset reset) {
        if (closed) {
            return;
        }
        close();
        if (listener == null) {
            untold = reset;
        } else {
            listener.onReset(reset);
        }
    }

    /** Nothing is delivered any more, and what waits is dropped. */
    public void close() {
        closed = true;
        waiting.release();
    }

    /** Whether all bytes have come. */
    public boolean isFinished() {
        return finished;
    }

    /** Whether somebody has heard that all bytes have come. */
    public boolean isFinishHeard() {
        return finished && listener != null;
    }

    public boolean isClosed() {
        return closed;
    }
}

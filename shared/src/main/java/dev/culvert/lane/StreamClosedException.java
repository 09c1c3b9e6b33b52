package dev.culvert.lane;

import dev.culvert.wire.CloseReason;

/** A stream ended early, or was never opened. The {@linkplain #reset() reset} is the part callers decide on. */
public final class StreamClosedException extends RuntimeException {
    private final StreamReset reset;

    public StreamClosedException(StreamReset reset) {
        super(reset.reason().label() + ": " + reset.detail(), null, false, false); // Expected on a busy edge.
        this.reset = reset;
    }

    /** A stream that was refused before anything was sent. */
    public static StreamClosedException refused(CloseReason reason, String detail) {
        return new StreamClosedException(new StreamReset(reason, 0, detail));
    }

    public StreamReset reset() {
        return reset;
    }
}

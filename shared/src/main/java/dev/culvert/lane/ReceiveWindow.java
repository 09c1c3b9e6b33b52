package dev.culvert.lane;

/**
 * How much the far end of one stream may still send.
 *
 * <p>Credit is granted for bytes consumed, half a window at a time, and {@link #MOST_OWED_BYTES} of a large one: what is
 * owed fills no path. When half a window was used up within two round trips, the path holds more than the window: it
 * doubles, as far as the options and the process's budget allow.
 *
 * <p>Owned by the lane's event loop; {@link #stalledSinceNanos()} may be asked by any thread.
 */
final class ReceiveWindow {
    /** What is consumed and not yet granted at most, in bytes: a frame of credit for it is next to nothing. */
    private static final int MOST_OWED_BYTES = 256 * 1024;

    private final WindowBudget budget;
    private final int maxBytes;
    private int sizeBytes;
    private int availableBytes;
    private int waitingBytes;
    private int owedBytes;
    /** Consumed since half a window was last used up. */
    private int usedBytes;

    private long consumedBytes;
    private long takenBytes;
    private long lastHalfNanos;
    private volatile long stalledSinceNanos;
    private boolean complete;

    /**
     * @param sizeBytes what the far end was told
     * @param takenBytes how much of it was taken from the budget, to be given back in the end
     */
    ReceiveWindow(WindowBudget budget, int sizeBytes, long takenBytes, int maxBytes, long nowNanos) {
        this.budget = budget;
        this.sizeBytes = sizeBytes;
        this.availableBytes = sizeBytes;
        this.takenBytes = takenBytes;
        this.maxBytes = maxBytes;
        this.lastHalfNanos = nowNanos;
    }

    /** Notes that bytes arrived; false when they are more than the far end was allowed to send. */
    boolean receive(int bytes, long nowNanos) {
        availableBytes -= bytes;
        if (waitingBytes == 0) {
            stalledSinceNanos = nowNanos;
        }
        waitingBytes += bytes;
        return availableBytes >= 0;
    }

    /**
     * Notes that bytes were handed on.
     *
     * @param roundTripNanos the lane's, 0 while it is not known
     * @return the credit to grant now; 0 for none yet
     */
    int consume(int bytes, long nowNanos, long roundTripNanos) {
        waitingBytes -= bytes;
        if (waitingBytes < 0) {
            throw new IllegalStateException("%d bytes more consumed than arrived".formatted(-waitingBytes));
        }
        stalledSinceNanos = waitingBytes == 0 ? 0 : nowNanos;
        consumedBytes += bytes;
        owedBytes += bytes;
        usedBytes += bytes;
        if (complete) {
            return 0;
        }
        if (usedBytes >= sizeBytes / 2) {
            if (nowNanos - lastHalfNanos < 2 * roundTripNanos) {
                grow();
            }
            lastHalfNanos = nowNanos;
            usedBytes = 0;
        }
        if (owedBytes < Math.min(sizeBytes / 2, MOST_OWED_BYTES)) {
            return 0;
        }
        int credit = owedBytes;
        owedBytes = 0;
        availableBytes += credit;
        return credit;
    }

    private void grow() {
        int more = Math.min(sizeBytes, maxBytes - sizeBytes);
        if (more > 0 && budget.tryTake(more)) {
            takenBytes += more;
            sizeBytes += more;
            owedBytes += more;
        }
    }

    /** The far end has sent all it will: it needs no credit. */
    void complete() {
        complete = true;
    }

    /** Whether bytes that arrived have not been consumed yet. */
    boolean isUnread() {
        return waitingBytes > 0;
    }

    /** How many bytes have been handed on in all. */
    long consumedBytes() {
        return consumedBytes;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    /** See {@link WindowBudget.Holder#stalledSinceNanos()}. */
    long stalledSinceNanos() {
        return stalledSinceNanos;
    }

    /** Gives the budget back. */
    void close() {
        budget.giveBack(takenBytes);
        takenBytes = 0;
    }
}

package dev.culvert.agent.inspect;

/**
 * What unpacking compressed messages may cost, of all WebSockets together: visitors choose how much comes out of how little, and
 * this is done where their bytes pass. Safe for use by any thread.
 */
final class UnpackBudget {
    /** At a time: each has 40 KiB outside of the heap. Two for a WebSocket. */
    static final int MOST_UNPACKERS = 64;

    /** Bytes that come out in a second: a few percent of a core. */
    static final int MOST_BYTES_PER_SECOND = 16 * 1024 * 1024;

    private int unpackers;
    private long second;
    private int spent;

    /** False where there are too many. */
    synchronized boolean begin() {
        boolean begins = unpackers < MOST_UNPACKERS;
        unpackers += begins ? 1 : 0;
        return begins;
    }

    synchronized void end() {
        unpackers--;
    }

    /** False where it is too much. */
    synchronized boolean spend(int bytes) {
        long now = System.nanoTime() / 1_000_000_000;
        if (now != second) {
            second = now;
            spent = 0;
        }
        spent += bytes;
        return spent <= MOST_BYTES_PER_SECOND;
    }
}

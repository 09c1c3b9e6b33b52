package dev.culvert.edge.ingress;

import dev.culvert.lane.WindowBudget;

/**
 * How much a visitor, or a target, may send ahead on one stream. It doubles each time that a whole window was taken without a halt, out
 * of a budget of the process; who is slow stays where it is. Used on the channel's event loop.
 */
final class Http2Window {
    private final WindowBudget budget;
    private int size = Http2Limits.WINDOW_BYTES;
    private int taken;
    private boolean closed;

    Http2Window(WindowBudget budget) {
        this.budget = budget;
    }

    /**
     * So many more bytes were taken at once.
     *
     * @return by how much the window is to grow now
     */
    int afterTaking(int bytes) {
        taken += bytes;
        if (taken < size || size >= Http2Limits.LARGEST_WINDOW_BYTES || closed) {
            return 0;
        }
        taken = 0;
        int growth = Math.min(size, Http2Limits.LARGEST_WINDOW_BYTES - size);
        if (!budget.tryTake(growth)) {
            return 0;
        }
        size += growth;
        return growth;
    }

    /** The stream is over. */
    void close() {
        if (!closed) {
            closed = true;
            budget.giveBack(size - Http2Limits.WINDOW_BYTES);
        }
    }
}

package dev.culvert.lane;

import java.util.concurrent.atomic.AtomicLong;

/** What the receive windows of all lanes of a process may add up to beyond their floors. Safe for use by any thread. */
public final class WindowBudget {
    private final AtomicLong left;

    public WindowBudget(long bytes) {
        left = new AtomicLong(bytes);
    }

    /** Takes so many bytes, or none. */
    public boolean tryTake(long bytes) {
        long before = left.get();
        while (before >= bytes) {
            if (left.compareAndSet(before, before - bytes)) {
                return true;
            }
            before = left.get();
        }
        return false;
    }

    /** Gives back what was taken. */
    public void giveBack(long bytes) {
        left.addAndGet(bytes);
    }
}

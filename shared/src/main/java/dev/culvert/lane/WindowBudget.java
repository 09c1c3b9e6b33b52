package dev.culvert.lane;

import java.time.Duration;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What receive windows, such as those of all lanes of a process, may add up to beyond their floors. When it is used up,
 * windows stop growing and new ones begin at their floor; if that goes on, the stream that has stood still the longest is
 * reset. A stream takes heap beside its window, so there is a bound on their number, too; those beyond are refused.
 *
 * <p>Safe for use by any thread.
 */
public final class WindowBudget {
    /** How long a stream must have stood still before it may be given up: longer than any pause of a live reader. */
    static final Duration STALLED_LONG_ENOUGH = Duration.ofSeconds(10);

    /** One stream is given up in this time at the most, so that each reset can show its effect first. */
    private static final long NANOS_BETWEEN_EVICTIONS = Duration.ofSeconds(1).toNanos();

    private final AtomicLong left;
    private final int mostStreams;
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicLong lastEvictionNanos = new AtomicLong(System.nanoTime() - NANOS_BETWEEN_EVICTIONS);
    private final Set<Holder> holders = ConcurrentHashMap.newKeySet();

    /** A budget for as many streams as come. */
    public WindowBudget(long bytes) {
        this(bytes, Integer.MAX_VALUE);
    }

    public WindowBudget(long bytes, int mostStreams) {
        this.left = new AtomicLong(bytes);
        this.mostStreams = mostStreams;
    }

    /** Whose window takes part of the budget. */
    interface Holder {
        /** Since when bytes wait for the reader and none has been consumed, by {@link System#nanoTime()}; 0 if none wait. */
        long stalledSinceNanos();

        /** Resets the stream. Any thread. */
        void evict();
    }

    /** How many bytes are left; negative while peers use windows that they were promised earlier. */
    public long left() {
        return left.get();
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

    /** Takes so many bytes in any case, because they were promised. */
    void take(long bytes) {
        left.addAndGet(-bytes);
    }

    /** Gives back what was taken. */
    public void giveBack(long bytes) {
        left.addAndGet(bytes);
    }

    /** Whether there is no room for one more stream. */
    boolean isFull() {
        return streams.get() >= mostStreams;
    }

    void enter(Holder holder) {
        if (holders.add(holder)) {
            streams.incrementAndGet();
        }
    }

    void leave(Holder holder) {
        if (holders.remove(holder)) {
            streams.decrementAndGet();
        }
    }

    /** A new stream had to begin at its floor. Gives up the one that has stood still the longest, if long enough. */
    void shortage(long nowNanos) {
        long last = lastEvictionNanos.get();
        if (nowNanos - last < NANOS_BETWEEN_EVICTIONS || !lastEvictionNanos.compareAndSet(last, nowNanos)) {
            return;
        }
        record Stalled(Holder holder, long nanos) {}
        holders.stream()
                .map(holder -> new Stalled(holder, holder.stalledSinceNanos()))
                .filter(stalled -> stalled.nanos() != 0 && nowNanos - stalled.nanos() > STALLED_LONG_ENOUGH.toNanos())
                .max(Comparator.comparingLong(stalled -> nowNanos - stalled.nanos()))
                .ifPresent(stalled -> stalled.holder().evict());
    }
}

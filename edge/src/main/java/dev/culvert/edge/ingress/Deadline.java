package dev.culvert.edge.ingress;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A time by which something must have happened. Moving it further away or clearing it costs nothing: the timer that runs
 * already looks again when it fires. Used on its event loop only.
 */
final class Deadline {
    private final EventLoop loop;
    private final Runnable missed;
    private boolean set;
    private long atNanos;
    private long firesAtNanos;
    private @Nullable ScheduledFuture<?> timer;

    Deadline(EventLoop loop, Runnable missed) {
        this.loop = loop;
        this.missed = missed;
    }

    /** Calls {@code missed} after this time, unless it is set again or cleared before. */
    void in(Duration time) {
        in(time, System.nanoTime());
    }

    /** The same for who knows what {@link System#nanoTime} says now. */
    void in(Duration time, long nowNanos) {
        set = true;
        atNanos = nowNanos + time.toNanos();
        if (timer != null && atNanos - firesAtNanos < 0) {
            timer.cancel(false);
            timer = null;
        }
        if (timer == null) {
            schedule(time.toNanos());
        }
    }

    boolean isSet() {
        return set;
    }

    void clear() {
        set = false;
    }

    /** Clears it and gives the timer back. */
    void cancel() {
        set = false;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void schedule(long nanos) {
        firesAtNanos = System.nanoTime() + nanos;
        timer = loop.schedule(this::fire, nanos, TimeUnit.NANOSECONDS);
    }

    private void fire() {
        timer = null;
        if (!set) {
            return;
        }
        long left = atNanos - System.nanoTime();
        if (left > 0) {
            schedule(left);
        } else {
            set = false;
            missed.run();
        }
    }
}

package dev.culvert.edge.admin;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long work waits for its event loop: the longest wait seen on any loop of visitors, agents and operators in the last
 * ten to twenty seconds. (The relay has loops of its own.) Every loop is asked once a second. Any thread may read it.
 */
final class LoopLag {
    private static final long PERIOD_MILLIS = 1_000;

    /** Half of what is looked back on: longer than most scrapers' interval is not needed, shorter would miss peaks. */
    private static final long HALF_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final AtomicLong longestNow = new AtomicLong();
    private final AtomicLong longestBefore = new AtomicLong();
    private final EventLoop any;
    private long halfBeganNanos = System.nanoTime();
    private long askedNanos = System.nanoTime();

    private LoopLag(EventLoop any) {
        this.any = any;
    }

    /**
     * Begins to ask; on a verticle's context, with which it ends.
     *
     * @param any one of the loops; all of its group are asked
     */
    static LoopLag of(Vertx vertx, EventLoop any) {
        LoopLag lag = new LoopLag(any);
        vertx.setPeriodic(PERIOD_MILLIS, PERIOD_MILLIS, id -> lag.ask());
        return lag;
    }

    /** In seconds. */
    double seconds() {
        return Math.max(longestNow.get(), longestBefore.get()) / 1e9;
    }

    private void ask() {
        long asked = System.nanoTime();
        // The loop that asks is one of them: when it was held up, it asks late.
        long late = asked - askedNanos - TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
        askedNanos = asked;
        longestNow.accumulateAndGet(late, Math::max);
        if (asked - halfBeganNanos > HALF_NANOS) {
            halfBeganNanos = asked;
            longestBefore.set(longestNow.getAndSet(0));
        }
        for (EventExecutor loop : any.parent()) {
            loop.execute(() -> longestNow.accumulateAndGet(System.nanoTime() - asked, Math::max));
        }
    }
}

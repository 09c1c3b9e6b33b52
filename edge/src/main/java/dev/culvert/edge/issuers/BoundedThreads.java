package dev.culvert.edge.issuers;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that may wait for an issuer or a provider, and the work that waits for them, which is bounded in number and time.
 * Safe for use by any thread.
 */
public final class BoundedThreads {
    private final WorkerExecutor threads;
    private final int mostWaiting;
    private final Duration within;
    private final AtomicInteger waiting = new AtomicInteger();

    /**
     * Takes these threads, which end with it.
     *
     * @param mostWaiting so much at once, what is under way included
     * @param within for how long anything is waited for; what has not been started by then never is
     */
    public BoundedThreads(WorkerExecutor threads, int mostWaiting, Duration within) {
        this.threads = threads;
        this.mostWaiting = mostWaiting;
        this.within = within;
    }

    /** Runs it on one of the threads; fails with {@link BusyException} where it cannot, or not in time. */
    public <T> Future<T> run(Callable<T> work) {
        if (waiting.incrementAndGet() > mostWaiting) {
            waiting.decrementAndGet();
            return Future.failedFuture(new BusyException(BusyException.Why.TOO_MANY));
        }
        return started(work)
                .timeout(within.toMillis(), TimeUnit.MILLISECONDS)
                .onComplete(done -> waiting.decrementAndGet())
                .recover(fault -> Future.failedFuture(
                        fault instanceof TimeoutException ? new BusyException(BusyException.Why.TOO_LATE) : fault));
    }

    private <T> Future<T> started(Callable<T> work) {
        long askedNanos = System.nanoTime();
        try {
            return threads.executeBlocking(
                    () -> {
                        if (System.nanoTime() - askedNanos > within.toNanos()) {
                            throw new TimeoutException(); // Who asked has its answer, and others wait behind it.
                        }
                        return work.call();
                    },
                    false);
        } catch (RuntimeException e) {
            return Future.failedFuture(new BusyException(BusyException.Why.CLOSED));
        }
    }

    /** Ends the threads. */
    @CanIgnoreReturnValue
    public Future<Void> close() {
        return threads.close();
    }
}

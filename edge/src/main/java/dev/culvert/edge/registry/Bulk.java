package dev.culvert.edge.registry;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Changes of very many names, of which only so many are on their way at once: each holds a place from when it is sent
 * until it is answered. The sender waits for places, so it must be on a thread that may be blocked. Safe for use by any
 * thread.
 */
final class Bulk {
    /**
     * Changes on their way at once. Each is a kilobyte or two in Hazelcast, here and where the name is kept; more of
     * them are no faster, and others' changes queue behind them.
     */
    static final int MOST_AT_ONCE = 500;

    /**
     * How long nothing may be answered before the sender gives up. Longer than a silent node is waited for (5 s) and
     * than what it kept is moved.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Semaphore places = new Semaphore(MOST_AT_ONCE);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /**
     * Sends a change once there is a place for it. Blocks until then.
     *
     * @throws IllegalStateException when an earlier one has failed, or nothing is answered any more
     */
    void send(Supplier<? extends CompletionStage<?>> change) throws InterruptedException {
        throwFailure();
        take(1);
        answerOf(change).whenComplete((done, fault) -> {
            if (fault != null) {
                failure.compareAndSet(null, fault);
            }
            places.release();
        });
    }

    /** Sends a change if there is a place for it; whether there was. Its faults are the caller's. */
    boolean trySend(Supplier<? extends CompletionStage<?>> change) {
        boolean place = places.tryAcquire();
        if (place) {
            answerOf(change).whenComplete((done, fault) -> places.release());
        }
        return place;
    }

    /**
     * Blocks until everything that was sent is answered.
     *
     * @throws IllegalStateException when something has failed, or nothing is answered any more
     */
    void awaitAll() throws InterruptedException {
        take(MOST_AT_ONCE);
        places.release(MOST_AT_ONCE);
        throwFailure();
    }

    private static CompletionStage<?> answerOf(Supplier<? extends CompletionStage<?>> change) {
        try {
            return change.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e); // Else its place would be lost.
        }
    }

    private void take(int number) throws InterruptedException {
        if (!places.tryAcquire(number, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("the cluster has not answered for " + PATIENCE);
        }
    }

    private void throwFailure() {
        Throwable fault = failure.getAndSet(null);
        if (fault != null) {
            throw new IllegalStateException("a change has failed", fault);
        }
    }
}

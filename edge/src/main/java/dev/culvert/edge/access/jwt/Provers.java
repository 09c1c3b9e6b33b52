package dev.culvert.edge.access.jwt;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.access.UndecidedException;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads that prove tokens, and the tokens that wait for them, which are bounded. Safe for use by any thread. */
final class Provers {
    /** What an agent waits for at most: less than the 10 s that it has for its HELLO. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(9);

    private final WorkerExecutor threads;
    private final int mostWaiting;
    private final AtomicInteger waiting = new AtomicInteger();

    /**
     * Provers on these threads, which end with them.
     *
     * @param mostWaiting tokens at once; who brings one more is asked to come again
     */
    Provers(WorkerExecutor threads, int mostWaiting) {
        this.threads = threads;
        this.mostWaiting = mostWaiting;
    }

    /** Runs it on one of the threads; fails with {@link UndecidedException} where that would take too long. */
    @CanIgnoreReturnValue
    <T> Future<T> run(Callable<T> proof) {
        if (waiting.incrementAndGet() > mostWaiting) {
            waiting.decrementAndGet();
            return Future.failedFuture(
                    new UndecidedException("too many agents show tokens to this edge at the moment"));
        }
        return started(proof)
                .timeout(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
                .onComplete(proven -> waiting.decrementAndGet())
                .recover(fault -> Future.failedFuture(
                        fault instanceof TimeoutException
                                ? new UndecidedException("proving the token takes too long at the moment")
                                : fault));
    }

    private <T> Future<T> started(Callable<T> proof) {
        long askedNanos = System.nanoTime();
        try {
            return threads.executeBlocking(
                    () -> {
                        if (System.nanoTime() - askedNanos > ANSWER_WITHIN.toNanos()) {
                            throw new TimeoutException(); // Its agent has its answer, and others wait behind it.
                        }
                        return proof.call();
                    },
                    false);
        } catch (RuntimeException e) { // Closed this moment.
            return Future.failedFuture(new UndecidedException("the edge's list of issuers has just changed"));
        }
    }

    void close() {
        threads.close();
    }
}

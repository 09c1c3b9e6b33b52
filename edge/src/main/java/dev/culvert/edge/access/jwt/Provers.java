package dev.culvert.edge.access.jwt;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.access.UndecidedException;
import dev.culvert.edge.issuers.BoundedThreads;
import dev.culvert.edge.issuers.BusyException;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Threads that prove tokens, and the tokens that wait for them, which are bounded. Safe for use by any thread. */
final class Provers {
    /** What an agent waits for at most: less than the 10 s that it has for its HELLO. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(9);

    private final BoundedThreads threads;

    /**
     * Provers on these threads, which end with them.
     *
     * @param mostWaiting tokens at once; who brings one more is asked to come again
     */
    Provers(WorkerExecutor threads, int mostWaiting) {
        this.threads = new BoundedThreads(threads, mostWaiting, ANSWER_WITHIN);
    }

    /** Runs it on one of the threads; fails with {@link UndecidedException} where that would take too long. */
    @CanIgnoreReturnValue
    <T> Future<T> run(Callable<T> proof) {
        return threads.run(proof)
                .recover(fault -> Future.failedFuture(
                        fault instanceof BusyException busy ? new UndecidedException(inWords(busy.why())) : fault));
    }

    private static String inWords(BusyException.Why why) {
        return switch (why) {
            case TOO_MANY -> "too many agents show tokens to this edge at the moment";
            case TOO_LATE -> "proving the token takes too long at the moment";
            case CLOSED -> "the edge's list of issuers has just changed";
        };
    }

    void close() {
        threads.close();
    }
}

package dev.culvert.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/** Visitors with a connection each, who ask for the small answer now and then: far less than the chain could do. */
final class SmallRequests {
    private SmallRequests() {}

    /**
     * Lets them ask for a while. One who was kept waiting beyond the time of the next question asks that at once.
     *
     * @param everyMillis how long from one question of a visitor to the next
     */
    static Latencies ask(Chain chain, int visitors, int everyMillis, int seconds)
            throws IOException, InterruptedException {
        Latencies latencies = new Latencies();
        ExecutorService threads = Executors.newFixedThreadPool(visitors);
        try {
            List<Future<?>> all = new ArrayList<>();
            long begun = System.nanoTime();
            long end = begun + seconds * 1_000_000_000L;
            for (int i = 0; i < visitors; i++) {
                // Not all at the same moment.
                long first = begun + everyMillis * 1_000_000L * i / visitors;
                all.add(threads.submit(() -> {
                    askUntil(end, first, everyMillis * 1_000_000L, chain, latencies);
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("%s: %s".formatted(chain.name(), e.getCause()), e);
        } finally {
            threads.shutdownNow();
        }
        return latencies;
    }

    private static void askUntil(long end, long first, long everyNanos, Chain chain, Latencies latencies)
            throws IOException {
        try (Visitor visitor = Visitor.connect(chain)) {
            visitor.ask("/"); // The connection is there before the first question counts.
            for (long due = first; due < end; due = Math.max(due + everyNanos, System.nanoTime())) {
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
                long asked = System.nanoTime();
                latencies.add(visitor.ask("/").firstByteNanos() - asked);
            }
        }
    }
}

package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BulkTest {
    private final Bulk bulk = new Bulk();
    private final List<CompletableFuture<Void>> sent = new ArrayList<>();

    @Test
    void noMoreAreOnTheirWayThanThereArePlaces() throws Exception {
        for (int i = 0; i < Bulk.MOST_AT_ONCE; i++) {
            bulk.send(this::change);
        }
        assertFalse(bulk.trySend(this::change));
        assertEquals(Bulk.MOST_AT_ONCE, sent.size());

        sent.get(7).complete(null);

        assertTrue(bulk.trySend(this::change));
        assertFalse(bulk.trySend(this::change));
    }

    @Test
    void whoSendsWaitsForAPlace() throws Exception {
        for (int i = 0; i < Bulk.MOST_AT_ONCE; i++) {
            bulk.send(this::change);
        }
        CompletableFuture<Void> later = new CompletableFuture<>();
        FutureTask<Void> sender = new FutureTask<>(() -> {
            bulk.send(() -> later);
            later.complete(null);
            bulk.awaitAll();
            return null;
        });
        Thread thread = new Thread(sender);
        thread.start();
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertFalse(sender.isDone());
            Thread.onSpinWait();
        }
        assertFalse(later.isDone());

        sent.forEach(change -> change.complete(null));

        sender.get(10, TimeUnit.SECONDS);
    }

    @Test
    void whatFailsIsSaidAndTheNextRunBeginsAfresh() throws Exception {
        bulk.send(this::change);
        Throwable fault = new IllegalArgumentException("no");
        sent.get(0).completeExceptionally(fault);

        assertSame(
                fault, assertThrows(IllegalStateException.class, bulk::awaitAll).getCause());

        bulk.send(() -> CompletableFuture.completedFuture(null));
        bulk.awaitAll();
    }

    @Test
    void afterAFailureNothingMoreIsSent() throws Exception {
        bulk.send(() -> CompletableFuture.failedFuture(new IllegalArgumentException("no")));

        assertThrows(IllegalStateException.class, () -> bulk.send(this::change));

        assertTrue(sent.isEmpty());
    }

    @Test
    void aChangeThatCannotEvenBeSentLeavesItsPlace() throws Exception {
        for (int i = 0; i < Bulk.MOST_AT_ONCE; i++) {
            assertTrue(bulk.trySend(() -> {
                throw new IllegalStateException("stopped");
            }));
        }
        bulk.awaitAll();
    }

    private CompletableFuture<Void> change() {
        CompletableFuture<Void> change = new CompletableFuture<>();
        sent.add(change);
        return change;
    }
}

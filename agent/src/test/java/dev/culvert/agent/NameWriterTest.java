package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.state.NameChange;
import dev.culvert.agent.state.NameRecord;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Names that are written down, in a book that takes its time. */
class NameWriterTest {
    private final Vertx vertx = Vertx.vertx();
    private final Context home = vertx.getOrCreateContext();
    private final Semaphore mayWrite = new Semaphore(0);
    private final BlockingQueue<List<NameChange>> writes = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> troubles = new LinkedBlockingQueue<>();
    private volatile Optional<String> trouble = Optional.empty();
    private final NameWriter writer = new NameWriter(vertx, this::write, troubles::add);

    @AfterEach
    void stop() throws Exception {
        mayWrite.release(1000);
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private Optional<String> write(List<NameChange> changes) {
        mayWrite.acquireUninterruptibly();
        writes.add(changes);
        return trouble;
    }

    @Test
    void namesThatComeDuringAWriteGoIntoTheNextOneTogether() throws Exception {
        List<NameRecord> names =
                IntStream.range(0, 1000).mapToObj(i -> name("name-" + i)).toList();
        Future<Void> written = say(() -> {
            names.forEach(writer::remember);
            writer.forget(names.get(7));
        });
        mayWrite.release();
        assertEquals(List.of(new NameChange(names.get(0), true)), writes.poll(10, TimeUnit.SECONDS));
        assertFalse(written.isComplete());
        mayWrite.release();
        List<NameChange> rest = new ArrayList<>();
        names.subList(1, 1000).forEach(name -> rest.add(new NameChange(name, true)));
        rest.add(new NameChange(names.get(7), false));
        assertEquals(rest, writes.poll(10, TimeUnit.SECONDS));
        written.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        assertTrue(writes.isEmpty());
    }

    @Test
    void troubleIsToldAndTheNextNameIsTriedAllTheSame() throws Exception {
        trouble = Optional.of("the disk is full");
        mayWrite.release(2);
        say(() -> writer.remember(name("one")));
        assertEquals("the disk is full", troubles.poll(10, TimeUnit.SECONDS));
        say(() -> writer.remember(name("two")));
        assertEquals("the disk is full", troubles.poll(10, TimeUnit.SECONDS));
        assertEquals(2, writes.size());
    }

    /** On the agent's context; returns what tells when all of it is written. */
    private Future<Void> say(Runnable names) throws Exception {
        CompletableFuture<Future<Void>> said = new CompletableFuture<>();
        home.runOnContext(ignored -> {
            names.run();
            said.complete(writer.written());
        });
        return said.get(10, TimeUnit.SECONDS);
    }

    private static NameRecord name(String name) {
        return new NameRecord("127.0.0.1:7070", "http", name, "http://127.0.0.1:3000", true, "ticket");
    }
}

package dev.culvert.agent;

import dev.culvert.agent.state.NameChange;
import dev.culvert.agent.state.NameRecord;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes down, off the event loop, which names the tunnels have. What is said while a file is being written goes into the
 * next one together: an agent of a thousand tunnels that comes back to an edge writes a few times, not a thousand.
 *
 * <p>On the agent's context.
 */
final class NameWriter {
    private final Vertx vertx;
    private final Function<List<NameChange>, Optional<String>> book;
    private final Consumer<String> trouble;
    private final List<NameChange> waiting = new ArrayList<>();
    private boolean writing;
    private @Nullable Promise<Void> idle;

    /**
     * @param book writes changes, in their order, and says why nothing can be kept, if so; it may block
     * @param trouble told of that
     */
    NameWriter(Vertx vertx, Function<List<NameChange>, Optional<String>> book, Consumer<String> trouble) {
        this.vertx = vertx;
        this.book = book;
        this.trouble = trouble;
    }

    void remember(NameRecord name) {
        add(new NameChange(name, true));
    }

    void forget(NameRecord name) {
        add(new NameChange(name, false));
    }

    /** Completes once all that was said is written. */
    Future<Void> written() {
        if (!writing) {
            return Future.succeededFuture();
        }
        Promise<Void> promise = idle == null ? Promise.promise() : idle;
        idle = promise;
        return promise.future();
    }

    private void add(NameChange change) {
        waiting.add(change);
        if (!writing) {
            write();
        }
    }

    private void write() {
        List<NameChange> changes = List.copyOf(waiting);
        waiting.clear();
        writing = true;
        vertx.executeBlocking(() -> book.apply(changes))
                .onSuccess(told -> told.ifPresent(trouble))
                .onFailure(failure -> trouble.accept(String.valueOf(failure.getMessage())))
                .onComplete(done -> goOn());
    }

    private void goOn() {
        writing = false;
        if (!waiting.isEmpty()) {
            write();
        } else if (idle != null) {
            idle.complete();
            idle = null;
        }
    }
}

package dev.culvert.edge;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** What has been started, to be stopped the latest first. Safe for use by any thread. */
final class Started {
    private final Vertx vertx;
    private final Deque<Supplier<Future<Void>>> stops = new ConcurrentLinkedDeque<>();

    Started(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Something has been started that is stopped so. */
    void add(Supplier<Future<Void>> stop) {
        stops.push(stop);
    }

    /** This part has been started. */
    <T> T add(T part, Function<T, Future<Void>> stop) {
        add(() -> stop.apply(part));
        return part;
    }

    /** Something has been started that has stopped when this returns. */
    void addAtOnce(Runnable stop) {
        add(() -> {
            stop.run();
            return Future.succeededFuture();
        });
    }

    /** This part has been started, and has stopped when that returns. */
    <T> T addAtOnce(T part, Consumer<T> stop) {
        addAtOnce(() -> stop.accept(part));
        return part;
    }

    /** Does it after each such time, until it is stopped. */
    void every(Duration time, Runnable action) {
        long timer = vertx.setPeriodic(time.toMillis(), fired -> action.run());
        addAtOnce(() -> vertx.cancelTimer(timer));
    }

    /** Stops all, whether or not one of them fails at it. */
    Future<Void> stop() {
        Supplier<Future<Void>> latest = stops.poll();
        return latest == null ? Future.succeededFuture() : latest.get().transform(result -> stop());
    }
}

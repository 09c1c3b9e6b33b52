package dev.culvert.edge.ingress;

import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Brings what futures came to back to the event loop that waits for it. */
final class Outcomes {
    private Outcomes() {}

    /** Tells the value, or the failure: at once where the future completes on the loop, and else in a turn of its own. */
    static <T> void on(EventLoop loop, Future<T> future, BiConsumer<@Nullable T, @Nullable Throwable> told) {
        future.onComplete(done -> {
            if (loop.inEventLoop()) {
                told.accept(done.succeeded() ? done.result() : null, done.cause());
            } else {
                loop.execute(() -> told.accept(done.succeeded() ? done.result() : null, done.cause()));
            }
        });
    }
}

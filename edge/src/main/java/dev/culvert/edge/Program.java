package dev.culvert.edge;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.transport.Transport;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Something that runs in a process of its own, until a signal ends it. */
final class Program {
    /** What the end may take beyond its drain time-out; who is late is left behind. */
    static final Duration ENDING = Duration.ofSeconds(15);

    private Program() {}

    /**
     * What runs.
     *
     * @param close ends it in good order
     * @param broken fails when it can go on no longer, with a message for a person
     */
    record Running(Supplier<Future<Void>> close, Future<Void> broken) {}

    /**
     * Starts it, waits for the first SIGTERM, Ctrl-C or SIGHUP, and ends it in good order. Blocks until then.
     *
     * @param eventLoops how many serve visitors and agents
     * @param start starts it
     * @param drainTimeout what closing it may take
     * @throws Exception what kept it from starting, or from going on; its message is for a person
     */
    static void run(int eventLoops, Function<Vertx, Future<Running>> start, Duration drainTimeout) throws Exception {
        run(StopSignal.install(), eventLoops, start, drainTimeout);
    }

    /** The same with a signal of the caller's. */
    static void run(StopSignal stop, int eventLoops, Function<Vertx, Future<Running>> start, Duration drainTimeout)
            throws Exception {
        Transport transport = transport();
        Vertx vertx = vertx(transport, eventLoops);
        try {
            Running running = start.apply(vertx).await();
            // Not earlier: a sentence that says why it cannot start stands alone.
            logger().atInfo().addKeyValue("transport", transport.name()).log("sockets chosen");
            running.broken().onFailure(fault -> stop.release());
            stop.await();
            await(running.close().get(), drainTimeout.plus(ENDING));
            if (running.broken().failed()) {
                throw new IllegalStateException(running.broken().cause().getMessage());
            }
        } finally {
            await(vertx.close(), ENDING);
        }
    }

    private static void await(Future<Void> future, Duration limit) {
        try {
            future.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            logger().atWarn().addKeyValue("limit", limit).log("not everything closed in time; ending all the same");
        }
    }

    /** On epoll or kqueue where the machine has it: the same work costs a third less there. */
    private static Transport transport() {
        @Nullable Transport best = Transport.nativeTransport();
        // io_uring is left alone: it gains nothing sure, and has been unsafe in half-closed sockets
        // (docs/performance.md).
        boolean usable = best != null && best.available() && !best.name().equals("io_uring");
        return usable && best != null ? best : Transport.NIO;
    }

    private static Vertx vertx(Transport transport, int eventLoops) {
        // And one for the admin port.
        return Vertx.builder()
                .with(new VertxOptions().setEventLoopPoolSize(eventLoops + 1))
                .withTransport(transport)
                .build();
    }

    /** Not a constant: the log's settings come before the first logger. */
    private static Logger logger() {
        return LoggerFactory.getLogger(Program.class);
    }
}

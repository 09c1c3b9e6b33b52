package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProgramTest {
    private final AtomicInteger closed = new AtomicInteger();
    private final Promise<Void> broken = Promise.promise();

    @Test
    void whatIsBrokenIsClosedAndFailsSoThatItsSupervisorStartsAnother() {
        broken.fail("it is out of order");

        Exception fault = assertThrows(
                IllegalStateException.class, () -> Program.run(new StopSignal(), 1, started(), Duration.ZERO));

        assertEquals("it is out of order", fault.getMessage());
        assertEquals(1, closed.get());
    }

    @Test
    void whatIsAskedToStopIsClosedAndHasNotFailed() throws Exception {
        StopSignal stop = new StopSignal();
        stop.release();

        Program.run(stop, 1, started(), Duration.ZERO);

        assertEquals(1, closed.get());
    }

    private Function<Vertx, Future<Program.Running>> started() {
        return vertx -> Future.succeededFuture(new Program.Running(
                () -> {
                    closed.incrementAndGet();
                    return Future.succeededFuture();
                },
                broken.future()));
    }
}

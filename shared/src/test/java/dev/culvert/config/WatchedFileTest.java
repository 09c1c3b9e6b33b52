package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchedFileTest {
    private static final Duration SOON = Duration.ofMillis(5);

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private @Nullable WatchedFile<String> file;

    @AfterEach
    void close() throws Exception {
        Objects.requireNonNull(file).close();
        vertx.close().await(5, TimeUnit.SECONDS);
    }

    @Test
    void changeCountsOnceTwoReadingsInARowAgree() throws Exception {
        watch("a", "b", "a", "c", "d", "d");

        assertEquals("a to d", hear());
    }

    @Test
    void faultIsToldOnceTwoReadingsInARowFindTheSame() throws Exception {
        watch("a", "!half", "a", "!half", "!other", "!other", "!other", "b", "b");

        assertEquals("!other", hear());
        assertEquals("a to b", hear());
    }

    private void watch(String... readings) throws Exception {
        file = WatchedFile.start(vertx, new ScriptedFile(readings), SOON, new WatchedFile.Listener<>() {
                    @Override
                    public void changed(String before, String now) {
                        told.add("%s to %s".formatted(before, now));
                    }

                    @Override
                    public void broken(String fault) {
                        told.add(fault);
                    }
                })
                .await(5, TimeUnit.SECONDS);
    }

    private String hear() throws InterruptedException {
        return Objects.requireNonNull(told.poll(10, TimeUnit.SECONDS));
    }

    /** Reads one after the other, and the last for ever; what begins with {@code !} is a fault. */
    private static final class ScriptedFile implements WatchedFile.Source<String> {
        private final Deque<String> readings;

        ScriptedFile(String... readings) {
            this.readings = new ArrayDeque<>(List.of(readings));
        }

        @Override
        public String read() throws IOException {
            String reading = readings.size() > 1 ? readings.remove() : readings.element();
            if (reading.startsWith("!")) {
                throw new IOException(reading);
            }
            return reading;
        }

        @Override
        public String inWords(Throwable fault) {
            return String.valueOf(fault.getMessage());
        }
    }
}

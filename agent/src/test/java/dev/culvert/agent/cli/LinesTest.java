package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LinesTest {
    private final AtomicLong nanos = new AtomicLong();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void requestsBeyondTheBoundAreOnlyCounted() {
        try (Lines lines = lines(out)) {
            for (int i = 1; i <= 10; i++) {
                int number = i;
                lines.request(() -> "request " + number);
            }
            lines.say("state");
        }

        assertEquals(
                List.of("request 1", "request 2", "request 3", "state", "and 7 more"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }

    @Test
    void nextSecondBeginsWithWhatTheLastOneLeftOut() {
        Lines lines = lines(out);
        for (int i = 1; i <= 4; i++) {
            int number = i;
            lines.request(() -> "request " + number);
        }
        lines.say("before");
        awaitText("before");
        nanos.set(Duration.ofSeconds(1).toNanos());
        lines.request(() -> "request 5");
        lines.close();

        assertEquals(
                List.of("request 1", "request 2", "request 3", "before", "and 1 more", "request 5"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }

    @Test
    @Timeout(10)
    void terminalThatStandsStillHoldsUpNobody() throws Exception {
        CountDownLatch stands = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        OutputStream terminal = new OutputStream() {
            @Override
            public void write(int character) {
                out.write(character);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                stands.countDown();
                try {
                    goesOn.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                out.write(bytes, offset, length);
            }
        };
        Lines lines = lines(terminal);
        lines.request(() -> "first");
        stands.await();

        for (int i = 0; i < 100_000; i++) {
            lines.request(() -> "another");
        }
        goesOn.countDown();
        lines.close();

        String text = out.toString(StandardCharsets.UTF_8);
        assertTrue(text.startsWith("first\nanother\nanother\nand "), text);
    }

    @Test
    void lineThatCannotBeMadeIsLostAndThoseAfterItAreNot() {
        Lines lines = lines(out);
        lines.say("before");
        lines.request(() -> {
            throw new NoClassDefFoundError("Too many open files");
        });
        lines.request(() -> {
            throw new IllegalStateException("broken");
        });
        lines.say("after");
        awaitText("after");
        lines.close();

        assertEquals(
                List.of("before", "after"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }

    private Lines lines(OutputStream stream) {
        return new Lines(
                new PrintStream(stream, true, StandardCharsets.UTF_8), 3, "and %d more"::formatted, nanos::get);
    }

    private void awaitText(String text) {
        Awaitility.await().until(() -> out.toString(StandardCharsets.UTF_8).contains(text));
    }
}

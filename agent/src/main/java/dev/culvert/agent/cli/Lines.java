package dev.culvert.agent.cli;

import java.io.PrintStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Prints lines from a thread of its own, so that a terminal that stands still holds up nobody. Lines about requests are
 * bounded: at most so many a second, the others are only counted.
 */
final class Lines implements AutoCloseable {
    /** Lines that may wait for the terminal; beyond it requests are only counted, and other lines lost. */
    private static final int MOST_WAITING = 1000;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** How long the last lines may take at the end, in milliseconds. */
    private static final long CLOSE_MILLIS = 500;

    private final PrintStream out;
    private final int requestsPerSecond;
    private final LongFunction<String> summary;
    private final LongSupplier nanoClock;
    private final BlockingQueue<Line> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong notQueued = new AtomicLong();
    private final Thread printer = new Thread(this::print, "culvert-output");

    private long windowStart;
    private int printedInWindow;
    private long skipped;

    private record Line(Supplier<String> text, boolean isRequest, boolean isLast) {}

    /**
     * Begins to print.
     *
     * @param requestsPerSecond how many lines about requests are printed in a second
     * @param summary the line for requests that were only counted
     * @param nanoClock a clock in nanoseconds that only goes forward
     */
    Lines(PrintStream out, int requestsPerSecond, LongFunction<String> summary, LongSupplier nanoClock) {
        this.out = out;
        this.requestsPerSecond = requestsPerSecond;
        this.summary = summary;
        this.nanoClock = nanoClock;
        this.windowStart = nanoClock.getAsLong();
        printer.setDaemon(true);
        printer.start();
    }

    /** Prints a line, after those before it. Any thread; never waits. */
    void say(String line) {
        waiting.offer(new Line(() -> line, false, false));
    }

    /** Prints a line about a request, or counts it. Any thread; never waits. */
    void request(Supplier<String> line) {
        if (!waiting.offer(new Line(line, true, false))) {
            notQueued.incrementAndGet();
        }
    }

    /** Prints what waits, for a short while at most, and ends. */
    @Override
    public void close() {
        try {
            if (waiting.offer(new Line(() -> "", false, true), CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                printer.join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void print() {
        try {
            while (true) {
                Line line = next();
                rollWindow(line != null && line.isLast());
                if (line != null && line.isLast()) {
                    return;
                }
                if (line != null) {
                    print(line);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Line next() throws InterruptedException {
        if (skipped == 0 && notQueued.get() == 0) {
            return waiting.take();
        }
        long left = windowStart + SECOND - nanoClock.getAsLong();
        return waiting.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
    }

    private void rollWindow(boolean last) {
        long now = nanoClock.getAsLong();
        if (!last && now - windowStart < SECOND) {
            return;
        }
        skipped += notQueued.getAndSet(0);
        if (skipped > 0) {
            out.println(summary.apply(skipped));
        }
        windowStart = now;
        printedInWindow = 0;
        skipped = 0;
    }

    private void print(Line line) {
        if (!line.isRequest()) {
            out.println(line.text().get());
        } else if (printedInWindow < requestsPerSecond) {
            printedInWindow++;
            out.println(line.text().get());
        } else {
            skipped++;
        }
    }
}

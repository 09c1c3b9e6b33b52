package dev.culvert.bench;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A visitor who reads the big file again and again, on a thread of its own, at a pace of their own, until it is closed. */
final class Download implements AutoCloseable {
    /** How far behind it catches up at full speed, in ns: what was missed before, for whatever reason, stays missed. */
    private static final long MOST_BEHIND_NANOS = 20_000_000;

    private final Chain chain;
    private final double nanosPerByte;
    private final Thread thread;
    private final long begunNanos = System.nanoTime();
    private volatile boolean closed;
    private final AtomicLong bytes = new AtomicLong();
    private volatile @Nullable IOException failure;
    private long dueNanos = begunNanos;

    private Download(Chain chain, long mibPerSecond) {
        this.chain = chain;
        this.nanosPerByte = mibPerSecond == 0 ? 0 : 1e9 / (mibPerSecond * 1024.0 * 1024);
        this.thread = new Thread(this::run, "download");
    }

    /**
     * Starts one.
     *
     * @param mibPerSecond what it reads at most; 0 for as fast as it comes
     */
    static Download start(Chain chain, long mibPerSecond) {
        Download download = new Download(chain, mibPerSecond);
        download.thread.start();
        return download;
    }

    /** What it has read until now in MiB/s. Fails if the chain did. */
    double mibPerSecond() throws IOException {
        IOException broken = failure;
        if (broken != null) {
            throw broken;
        }
        return bytes.get() / 1024.0 / 1024 / ((System.nanoTime() - begunNanos) / 1e9);
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        thread.join();
    }

    private void run() {
        while (!closed && failure == null) {
            try (Visitor visitor = Visitor.connect(chain)) {
                visitor.ask("/big", this::cameIn);
            } catch (IOException e) {
                failure = e;
            }
        }
    }

    private boolean cameIn(int more) {
        bytes.addAndGet(more);
        long now = System.nanoTime();
        dueNanos = Math.max(dueNanos, now - MOST_BEHIND_NANOS) + (long) (more * nanosPerByte);
        if (nanosPerByte > 0 && dueNanos > now) {
            LockSupport.parkNanos(dueNanos - now);
        }
        return !closed;
    }
}

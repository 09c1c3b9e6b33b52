package dev.culvert.edge.tls;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Computes the handshakes of TLS, about 2 ms each, so that the event loops go on with everybody else's bytes meanwhile. One
 * for all doors of an edge. Safe for use by any thread.
 */
final class HandshakeThreads implements Executor, AutoCloseable {
    /** Computing needs a core. The event loops get their share of it: the kernel takes turns. */
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    /**
     * Handshakes that wait for one of the threads at most: about two seconds' worth of them. After a restart all visitors of
     * a node come back at once, and wait; who would wait for longer is sent away at once instead, and may come again.
     */
    private static final int MOST_WAITING = 1_000 * THREADS;

    /** A thread that had nothing to do for so long ends, in seconds. */
    private static final int IDLE_SECONDS = 30;

    private static final AtomicInteger NEXT = new AtomicInteger();

    private final ThreadPoolExecutor threads;

    HandshakeThreads() {
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(MOST_WAITING),
                HandshakeThreads::thread);
        threads.allowCoreThreadTimeOut(true);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "culvert-handshakes-" + NEXT.getAndIncrement());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Computes it as soon as a thread is free.
     *
     * @throws RejectedExecutionException if too many others wait
     */
    @Override
    public void execute(Runnable work) {
        threads.execute(work);
    }

    /** What waits is not computed any more. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}

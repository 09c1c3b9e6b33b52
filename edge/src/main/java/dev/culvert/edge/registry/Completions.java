package dev.culvert.edge.registry;

import com.hazelcast.internal.util.ConcurrencyUtil;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads where Hazelcast says that an answer has come. It takes the JDK's common pool where that has two threads or
 * more. On one or two processors it has not, and Hazelcast starts a new thread for each answer instead: four for a bind,
 * one for each claim that is swept, which cost more than all the rest of it ({@code docs/performance.md}).
 */
final class Completions {
    /** As many as the common pool has on the smallest machine where Hazelcast takes that. */
    private static final int THREADS = 2;

    private static final long IDLE_SECONDS = 10;

    private Completions() {}

    /** From now on answers come on threads that are kept, for every Hazelcast of this JVM. */
    static void keepThreads() {
        if (ForkJoinPool.getCommonPoolParallelism() < THREADS) {
            ConcurrencyUtil.setDefaultAsyncExecutor(Kept.THREADS);
        }
    }

    /** One for the JVM, as the setting is. */
    private static final class Kept {
        static final ThreadPoolExecutor THREADS = threads();

        /** What waits here are answers, so never more than there are questions under way. */
        private static ThreadPoolExecutor threads() {
            ThreadPoolExecutor threads = new ThreadPoolExecutor(
                    Completions.THREADS,
                    Completions.THREADS,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    task -> {
                        Thread thread = new Thread(task, "culvert-registry-answers");
                        thread.setDaemon(true);
                        return thread;
                    });
            threads.allowCoreThreadTimeOut(true);
            return threads;
        }
    }
}

package dev.culvert.lane;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tasks for another event loop, in order; however many come up before it gets to them, it is woken once. */
final class LoopQueue implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(LoopQueue.class);

    private final EventLoop loop;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    LoopQueue(EventLoop loop) {
        this.loop = loop;
    }

    /** Queues a task. Any thread. */
    void add(Runnable task) {
        tasks.add(task);
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            loop.execute(this);
        }
    }

    @Override
    public void run() {
        // Cleared first: what is added from here on wakes the loop again, or is taken below.
        scheduled.set(false);
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            try {
                task.run();
            } catch (RuntimeException e) {
                // A listener's mistake; what is queued behind it must not be stranded.
                LOGGER.atError().setCause(e).log("stream's listener failed; going on");
            }
        }
    }
}

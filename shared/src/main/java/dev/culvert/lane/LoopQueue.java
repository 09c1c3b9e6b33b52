package dev.culvert.lane;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/** Tasks for another event loop, in order; however many come up before it gets to them, it is woken once. */
final class LoopQueue implements Runnable {
    private final EventLoop loop;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    LoopQueue(EventLoop loop) {
        this.loop = loop;
    }

    /** Queues a task. Any thread. */
    void add(Runnable task) {
        tasks.add(task);
        wake();
    }

    private void wake() {
        if (!tasks.isEmpty() && !scheduled.get() && scheduled.compareAndSet(false, true)) {
            loop.execute(this);
        }
    }

    @Override
    public void run() {
        // Cleared first: what is added from here on wakes the loop again, or is taken below.
        scheduled.set(false);
        try {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        } finally {
            wake(); // One task's failure, which the loop logs, must not strand those behind it.
        }
    }
}

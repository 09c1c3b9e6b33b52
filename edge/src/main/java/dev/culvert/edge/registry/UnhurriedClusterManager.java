package dev.culvert.edge.registry;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import io.vertx.core.Completable;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Vert.x's cluster manager, which tidies up after a death on a thread of its own. Hazelcast calls all listeners of
 * membership from one thread, one after the other and in no order of ours; what this one does there waits for answers of the
 * cluster, for seconds on a busy machine, and the registry would hear of the death only then.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // Not to wait for that lock is the point.
final class UnhurriedClusterManager extends HazelcastClusterManager {
    private final ExecutorService inOrder = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "culvert-bus-members");
        thread.setDaemon(true);
        return thread;
    });

    UnhurriedClusterManager(HazelcastInstance hazelcast) {
        super(hazelcast);
    }

    @Override
    public void memberAdded(MembershipEvent event) {
        later(() -> super.memberAdded(event));
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
        later(() -> super.memberRemoved(event));
    }

    @Override
    public void stateChanged(LifecycleEvent event) {
        later(() -> super.stateChanged(event));
    }

    @Override
    public void leave(Completable<Void> left) {
        inOrder.shutdown(); // What is waiting finds that the bus has left, and does nothing.
        super.leave(left);
    }

    private void later(Runnable news) {
        try {
            inOrder.execute(news);
        } catch (RejectedExecutionException e) {
            // The bus is gone, and with it all that there was to tidy up.
        }
    }
}

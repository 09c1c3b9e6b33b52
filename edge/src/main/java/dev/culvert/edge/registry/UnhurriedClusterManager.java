package dev.culvert.edge.registry;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import io.vertx.core.Completable;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Vert.x's cluster manager, which tidies up after a death on a thread of its own. Hazelcast calls all listeners of
 * membership from one thread, one after the other and in no order of ours; what this one does there waits for answers of the
 * cluster, for seconds on a busy machine, and the registry would hear of the death only then.
 *
 * <p>So it can come to that when the node that had gone is a member again, under the id that it had: it had stood still, say.
 * What one half of the cluster tidies up is then taken away from the node in the whole one, and nobody could reach it by the
 * bus until the next death. Hence each node says all that is its own again some seconds after another one has come, and
 * whenever it is itself not to be found.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // Not to wait for that lock is the point.
final class UnhurriedClusterManager extends HazelcastClusterManager {
    /** Where Vert.x keeps which node's event bus listens where. It is what is tidied up last, after the subscriptions. */
    static final String NODES = "__vertx.nodeInfo";

    /** Between two looks for this node's own line, in milliseconds: a look-up each, and for so long visitors may miss the node. */
    private static final long LOOK_MILLIS = 2_000;

    /** When, after a node has come, it is likely to have tidied up after others; on a busy machine, and on a very busy one. */
    private static final List<Long> TIDY_SECONDS = List.of(5L, 20L);

    private static final Logger LOGGER = LoggerFactory.getLogger(UnhurriedClusterManager.class);

    private final HazelcastInstance hazelcast;

    private final ScheduledExecutorService inOrder = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "culvert-bus-members");
        thread.setDaemon(true);
        return thread;
    });

    UnhurriedClusterManager(HazelcastInstance hazelcast) {
        super(hazelcast);
        this.hazelcast = hazelcast;
    }

    @Override
    public void setNodeInfo(NodeInfo nodeInfo, Completable<Void> promise) {
        super.setNodeInfo(nodeInfo, promise);
        lookLater();
    }

    @Override
    public void memberAdded(MembershipEvent event) {
        later(() -> super.memberAdded(event));
        TIDY_SECONDS.forEach(seconds -> later(this::sayAgain, TimeUnit.SECONDS.toMillis(seconds)));
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
        later(() -> {
            if (!isMember(event.getMember().getAttribute(HazelcastMember.NODE_ATTRIBUTE))) {
                super.memberRemoved(event);
            }
        });
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

    private boolean isMember(@Nullable String node) {
        for (Member member : hazelcast.getCluster().getMembers()) {
            if (node != null && node.equals(member.getAttribute(HazelcastMember.NODE_ATTRIBUTE))) {
                return true;
            }
        }
        return false;
    }

    private void lookLater() {
        later(this::look, LOOK_MILLIS);
    }

    /** Does not wait for the answer: the thread is there for deaths. */
    private void look() {
        if (!isActive()) {
            return;
        }
        CompletionStage<Object> asked;
        try {
            asked = hazelcast.<String, Object>getMap(NODES).getAsync(getNodeId());
        } catch (RuntimeException e) {
            asked = CompletableFuture.failedFuture(e);
        }
        asked.whenComplete((found, fault) -> {
            if (found == null && fault == null) {
                LOGGER.atInfo().log("other nodes had lost sight of this one's event bus; it is told to them again");
                later(this::sayAgain);
            }
            lookLater();
        });
    }

    private void sayAgain() {
        if (!isActive() || getNodeInfo() == null) {
            return;
        }
        try {
            super.stateChanged(new LifecycleEvent(LifecycleState.MERGED)); // Which says all that is the node's own.
        } catch (RuntimeException e) {
            LOGGER.atWarn().addKeyValue("fault", e).log("where this node's event bus is was not told again");
        }
    }

    private void later(Runnable news) {
        later(news, 0);
    }

    private void later(Runnable news, long millis) {
        try {
            inOrder.schedule(news, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The bus is gone, and with it all that there was to tidy up.
        }
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node's view of the registry in step with the cluster. When a node comes or goes, or a split heals: who is a
 * member is known at once, then the local copy is rebuilt, this node's claims are asserted again, and a little later the
 * oldest member sweeps what nodes left behind. The same sweep runs every so often, for names whose grace is over and for what failed
 * the last time.
 */
final class Upkeep {
    /** How long after a failure it tries again: the cluster is most likely still finding itself. */
    private static final long RETRY_MILLIS = 500;

    /**
     * How long after the cluster has changed claims of nodes that have left are swept. They count for nothing from the
     * change on; within this time the agents of a dead node come back elsewhere, and take its claims away with their new
     * ones, when there is much to do already.
     */
    private static final long SWEEP_MILLIS = 3_000;

    private static final Logger LOGGER = LoggerFactory.getLogger(Upkeep.class);

    private final Vertx vertx;
    private final HazelcastMember member;
    private final HazelcastInstance hazelcast;
    private final HazelcastRegistry registry;
    private final Members members;
    private final Duration interval;
    private final MapParts parts;
    private final AtomicBoolean due = new AtomicBoolean();
    private final AtomicBoolean running = new AtomicBoolean();
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private volatile boolean stopped;
    private volatile long timer = -1;
    private volatile @Nullable UUID mapListener;
    private volatile @Nullable UUID lifecycleListener;

    Upkeep(Vertx vertx, HazelcastMember member, HazelcastRegistry registry, Members members, Duration interval) {
        this.vertx = vertx;
        this.member = member;
        this.hazelcast = member.hazelcast();
        this.registry = registry;
        this.members = members;
        this.interval = interval;
        this.parts = new MapParts(hazelcast.getPartitionService());
    }

    /** Listens first and reads then, so that nothing falls between. */
    Future<Void> start() {
        return vertx.executeBlocking(
                        () -> {
                            News.arriveAt(hazelcast, registry);
                            mapListener = registry.map().addEntryListener(new MapEvents(registry, this), true);
                            member.onNodesChanged(this::membersChanged);
                            lifecycleListener = hazelcast.getLifecycleService().addLifecycleListener(event -> {
                                if (event.getState() == LifecycleState.MERGED) {
                                    membersChanged();
                                }
                            });
                            members.update();
                            rebuild();
                            return null;
                        },
                        false)
                .onSuccess(done -> timer = vertx.setPeriodic(interval.toMillis(), fired -> tick()))
                .mapEmpty();
    }

    Future<Void> stop() {
        stopped = true;
        if (timer >= 0) {
            vertx.cancelTimer(timer);
        }
        return vertx.executeBlocking(
                () -> {
                    if (isMember()) {
                        forget();
                    }
                    return null;
                },
                false);
    }

    private void forget() {
        UUID map = mapListener;
        UUID lifecycle = lifecycleListener;
        boolean tunnels = map == null || registry.map().removeEntryListener(map);
        boolean merges = lifecycle == null || hazelcast.getLifecycleService().removeLifecycleListener(lifecycle);
        LOGGER.atDebug().addKeyValue("quietly", tunnels && merges).log("registry left");
    }

    /** Brings everything in step again at the next tick: something could not be done now. */
    void again() {
        due.set(true);
    }

    /** Does not block. */
    private void membersChanged() {
        if (stopped) {
            return;
        }
        if (members.update()) {
            LOGGER.atInfo().addKeyValue("nodes", members.nodes().size()).log("cluster changed; registry follows");
        }
        due.set(true);
        bringInStep();
    }

    private void tick() {
        if (due.get()) {
            bringInStep();
        } else {
            sweep();
        }
    }

    /** One at a time; whatever changes meanwhile makes it run once more. */
    private void bringInStep() {
        if (stopped || !isMember() || !running.compareAndSet(false, true)) {
            return;
        }
        due.set(false);
        vertx.executeBlocking(
                        () -> {
                            registry.secret().update();
                            rebuild();
                            registry.assertAllAgain();
                            return null;
                        },
                        false)
                .onComplete(done -> {
                    running.set(false);
                    if (done.failed() && (stopped || !isMember())) {
                        LOGGER.atDebug().addKeyValue("fault", done.cause()).log("registry left out of step by the end");
                    } else if (done.failed()) {
                        LOGGER.atWarn()
                                .addKeyValue("fault", done.cause())
                                .log("registry not in step yet; trying again");
                        vertx.setTimer(RETRY_MILLIS, fired -> bringInStep());
                    } else {
                        vertx.setTimer(SWEEP_MILLIS, fired -> sweep());
                        if (due.get()) {
                            bringInStep();
                        }
                    }
                });
    }

    private void rebuild() {
        LocalCopy.Rebuild rebuild = registry.local().rebuild();
        parts.forEach(part -> rebuild.add(registry.map().values(part)));
        rebuild.finish();
    }

    /** One at a time; the next finds what this one has passed by. */
    private void sweep() {
        if (!isSweeper() || !sweeping.compareAndSet(false, true)) {
            return;
        }
        vertx.executeBlocking(
                        () -> {
                            registry.sweep(this::isSweeper);
                            return null;
                        },
                        false)
                .onComplete(done -> {
                    sweeping.set(false);
                    if (done.failed() && isMember()) {
                        LOGGER.atWarn()
                                .addKeyValue("fault", done.cause())
                                .log("sweep not finished; the next one goes on");
                    }
                });
    }

    private boolean isSweeper() {
        return !stopped && isMember() && members.isOldest();
    }

    /** False once this node's Hazelcast has been stopped. */
    boolean isMember() {
        return hazelcast.getLifecycleService().isRunning();
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.spi.merge.ExpirationTimeMergePolicy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node as a member of a cluster: the Hazelcast that runs inside the edge. It stands before everything that talks to
 * other nodes and falls after it.
 */
public final class HazelcastMember {
    /** Vert.x's cluster manager looks for a node's id under this name, so that both use one. */
    static final String NODE_ATTRIBUTE = "__vertx.nodeId";

    private static final Logger LOGGER = LoggerFactory.getLogger(HazelcastMember.class);

    private final HazelcastInstance hazelcast;
    private final String nodeId;

    private final List<Consumer<String>> leaveListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> changeListeners = new CopyOnWriteArrayList<>();

    private HazelcastMember(HazelcastInstance hazelcast, String nodeId) {
        this.hazelcast = hazelcast;
        this.nodeId = nodeId;
        hazelcast.getCluster().addMembershipListener(new MembershipListener() {
            @Override
            public void memberAdded(MembershipEvent event) {
                changeListeners.forEach(Runnable::run);
            }

            @Override
            public void memberRemoved(MembershipEvent event) {
                left(event.getMember());
                changeListeners.forEach(Runnable::run);
            }
        });
    }

    /** A node that joins nobody; {@code off.yaml} is its configuration. Blocks for a second or two. */
    public static HazelcastMember alone() {
        Config config = MemberConfig.beside("off");
        config.setClusterName("culvert-off-" + UUID.randomUUID()); // Nobody else's.
        return start(config);
    }

    /** The same for a caller on an event loop. */
    public static Future<HazelcastMember> alone(Vertx vertx) {
        return vertx.executeBlocking(() -> alone(), false);
    }

    /**
     * A member of a cluster, for a caller on an event loop; it finds the other nodes, or is the first.
     *
     * @return fails with {@link dev.culvert.config.ConfigException}, or with what Hazelcast has to say
     */
    public static Future<HazelcastMember> join(Vertx vertx, MemberOptions options) {
        return vertx.executeBlocking(() -> start(MemberConfig.of(options)), false);
    }

    /** A member as the configuration has it, completed by what the registry cannot do without. Blocks. */
    static HazelcastMember start(Config config) {
        long before = System.nanoTime();
        String nodeId = UUID.randomUUID().toString();
        config.setClassLoader(HazelcastMember.class.getClassLoader());
        config.getMemberAttributeConfig().setAttribute(NODE_ATTRIBUTE, nodeId);
        config.getSerializationConfig().addDataSerializableFactory(RegistryTypes.FACTORY_ID, new RegistryTypes());
        config.getMapConfig(HazelcastRegistry.TUNNELS)
                .getMergePolicyConfig()
                .setPolicy(OlderOwnershipWins.class.getName());
        // Of what both halves of a cluster have noted the later: all is kept for the same time.
        config.getMapConfig(GivenBack.MAP).getMergePolicyConfig().setPolicy(ExpirationTimeMergePolicy.class.getName());
        Completions.keepThreads();
        HazelcastInstance hazelcast;
        try {
            hazelcast = Hazelcast.newHazelcastInstance(config);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    ("the registry's hazelcast did not start, and the log says why (%s); should it be the release of the other"
                                    + " edges' hazelcast: all edges have to be stopped before this upgrade")
                            .formatted(e.getMessage()),
                    e);
        }
        LOGGER.atInfo()
                .addKeyValue("node", nodeId)
                .addKeyValue("nodes", hazelcast.getCluster().getMembers().size())
                .addKeyValue(
                        "millis", Duration.ofNanos(System.nanoTime() - before).toMillis())
                .log("registry's hazelcast started");
        return new HazelcastMember(hazelcast, nodeId);
    }

    /** This node's id, new at each start. */
    public String nodeId() {
        return nodeId;
    }

    /**
     * Calls the listener with the id of each other node that is a member no longer: stopped, dead, or beyond a split. On
     * a thread of Hazelcast's, which it must not block.
     */
    public void onNodeLeft(Consumer<String> listener) {
        leaveListeners.add(listener);
    }

    /** Calls the listener when another node has come, or has left, in the same way; after those that hear who it was. */
    void onNodesChanged(Runnable listener) {
        changeListeners.add(listener);
    }

    private void left(Member member) {
        String node = member.getAttribute(NODE_ATTRIBUTE);
        if (node != null) {
            leaveListeners.forEach(listener -> listener.accept(node));
        }
    }

    /** The ids of the other members. */
    public Set<String> others() {
        return hazelcast.getCluster().getMembers().stream()
                .filter(other -> !other.localMember())
                .map(other -> other.getAttribute(NODE_ATTRIBUTE))
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    /** The address where the other nodes' Hazelcast reaches this one's. */
    public String host() {
        return hazelcast.getCluster().getLocalMember().getAddress().getHost();
    }

    /** The port where the other nodes' Hazelcast reaches this one's. */
    public int port() {
        return hazelcast.getCluster().getLocalMember().getAddress().getPort();
    }

    /** Whether it has not stopped. Cheap. */
    public boolean isRunning() {
        return hazelcast.getLifecycleService().isRunning();
    }

    /**
     * Calls the listener, on a thread of Hazelcast's, when Hazelcast stops, asked to or not; but for when it has no memory
     * left, which it tells no listener: ask {@link #isRunning}, too.
     */
    public void onStopped(Runnable listener) {
        hazelcast.getLifecycleService().addLifecycleListener(event -> {
            if (event.getState() == LifecycleState.SHUTDOWN) {
                listener.run();
            }
        });
    }

    HazelcastInstance hazelcast() {
        return hazelcast;
    }

    /** Leaves the cluster, handing on what this node keeps for it. Blocks, for a few milliseconds where it is alone. */
    public void close() {
        hazelcast.shutdown();
    }

    /** The same for a caller on an event loop. */
    public Future<Void> close(Vertx vertx) {
        return vertx.executeBlocking(
                () -> {
                    close();
                    return null;
                },
                false);
    }
}

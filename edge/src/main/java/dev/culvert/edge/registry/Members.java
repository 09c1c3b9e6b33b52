package dev.culvert.edge.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The nodes of the cluster, by the ids that are new at each of their starts. Hazelcast's own ids would not do: they
 * change when a member finds back from a split. Safe for use by any thread.
 */
final class Members {
    /** Nodes that have left are remembered only until their claims have been swept, seconds later. */
    private static final int MOST_GONE = 1_000;

    private final Cluster cluster;
    private volatile Set<String> nodes = Set.of();

    // Guarded by this.
    private final Map<String, Boolean> gone = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_GONE;
        }
    };

    Members(Cluster cluster) {
        this.cluster = cluster;
        update();
    }

    /** Looks again; true when somebody came or left. */
    @CanIgnoreReturnValue
    synchronized boolean update() {
        Set<String> now = new LinkedHashSet<>();
        for (Member member : cluster.getMembers()) {
            String node = member.getAttribute(HazelcastMember.NODE_ATTRIBUTE);
            if (node != null) {
                now.add(node);
            }
        }
        Set<String> before = nodes;
        before.stream().filter(node -> !now.contains(node)).forEach(node -> gone.put(node, true));
        gone.keySet().removeAll(now);
        nodes = Collections.unmodifiableSet(now);
        return !now.equals(before);
    }

    Set<String> nodes() {
        return nodes;
    }

    /** Nodes that this one has seen leave. Others that it does not know may have come just now. */
    synchronized Set<String> gone() {
        return Set.copyOf(gone.keySet());
    }

    boolean has(String node) {
        return nodes.contains(node);
    }

    /** Whether this node is the one that tidies up. */
    boolean isOldest() {
        return isOldest(cluster);
    }

    /** The same, of the node whose cluster it is. */
    static boolean isOldest(Cluster cluster) {
        Iterator<Member> byAge = cluster.getMembers().iterator();
        return byAge.hasNext() && byAge.next().localMember();
    }
}

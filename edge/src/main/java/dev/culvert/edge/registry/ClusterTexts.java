package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.util.Optional;
import java.util.Set;

/**
 * A few texts that all nodes of a cluster have, in its memory: each stays for as long as one of the nodes that keep it does.
 * Who can join the cluster can read them. Safe for use by any thread; everything blocks while the cluster is asked.
 */
public final class ClusterTexts {
    private final HazelcastInstance hazelcast;
    private final IMap<String, String> texts;

    /** The texts of one purpose, by its name. */
    public ClusterTexts(HazelcastMember member, String name) {
        this.hazelcast = member.hazelcast();
        this.texts = hazelcast.getMap("culvert." + name);
    }

    /** What there is. */
    public Set<String> keys() {
        return texts.keySet();
    }

    /** The text of a key. */
    public Optional<String> get(String key) {
        return Optional.ofNullable(texts.get(key));
    }

    /** Sets a text. */
    public void put(String key, String text) {
        texts.set(key, text);
    }

    /** Takes a text away. */
    public void remove(String key) {
        texts.delete(key);
    }

    /** Whether this node is the one that does what only one has to do. */
    public boolean isOldest() {
        return new Members(hazelcast.getCluster()).isOldest();
    }

    /** Whether this node's Hazelcast still runs; where not, all else fails. */
    public boolean isMember() {
        return hazelcast.getLifecycleService().isRunning();
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A few texts that all nodes of a cluster have, in its memory: each stays for as long as one of the nodes that keep it does.
 * Who can join the cluster can read and write them. Safe for use by any thread; all but {@link #find} blocks while the cluster
 * is asked.
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

    /** The text of a key, for a caller who does not wait; completes on any thread. */
    public Future<Optional<String>> find(String key) {
        return Future.fromCompletionStage(texts.getAsync(key)).map(Optional::ofNullable);
    }

    /** Sets a text. */
    public void put(String key, String text) {
        texts.set(key, text);
    }

    /** Sets a text that is gone after a while. */
    public void put(String key, String text, Duration kept) {
        texts.set(key, text, kept.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Takes a text away. */
    public void remove(String key) {
        texts.delete(key);
    }

    /** Whether this node is the one that does what only one has to do. */
    public boolean isOldest() {
        return Members.isOldest(hazelcast.getCluster());
    }

    /** Whether this node's Hazelcast still runs; where not, all else fails. */
    public boolean isMember() {
        return hazelcast.getLifecycleService().isRunning();
    }
}

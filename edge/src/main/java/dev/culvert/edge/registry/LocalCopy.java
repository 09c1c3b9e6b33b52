package dev.culvert.edge.registry;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of the cluster's map, so that the request path asks nobody. Fed by the map's events, by the
 * results of this node's own changes and by its questions, which overtake each other: within one ownership the higher
 * revision stays; between ownerships the last word counts, and where it was the wrong one, the next puts it right (a
 * stale positive is found out by the holder, a miss is confirmed before it counts).
 *
 * <p>Safe for use by any thread.
 */
final class LocalCopy {
    private final Map<TunnelKey, StoredTunnel> tunnels = new ConcurrentHashMap<>();
    private volatile @Nullable Set<TunnelKey> heardSince;

    @Nullable
    StoredTunnel get(TunnelKey key) {
        return tunnels.get(key);
    }

    boolean knows(TunnelKey key) {
        return tunnels.containsKey(key);
    }

    /** Everything there is; a live view. */
    Collection<StoredTunnel> all() {
        return tunnels.values();
    }

    /** Notes a value that was just seen. */
    void put(StoredTunnel seen) {
        TunnelKey key = seen.tunnel().key();
        hear(key);
        tunnels.merge(key, seen, LocalCopy::later);
    }

    /** Notes that the value is gone. */
    void remove(StoredTunnel gone) {
        TunnelKey key = gone.tunnel().key();
        hear(key);
        tunnels.computeIfPresent(
                key, (k, known) -> known.hasOwnershipOf(gone) && known.revision() > gone.revision() ? known : null);
    }

    /** Notes that there was nothing under the key, at a time when this node still had that. */
    void remove(TunnelKey key, @Nullable StoredTunnel hadThen) {
        if (hadThen != null) {
            hear(key);
            tunnels.remove(key, hadThen);
        }
    }

    /** Starts to remember what is heard, because somebody is going to read the whole map. */
    void beginRebuild() {
        heardSince = ConcurrentHashMap.newKeySet();
    }

    /** Becomes what the map was when it was read, but for what has been heard since the rebuild began. */
    void finishRebuild(Collection<StoredTunnel> read) {
        Set<TunnelKey> newer = heardSince;
        Set<TunnelKey> present = ConcurrentHashMap.newKeySet();
        for (StoredTunnel stored : read) {
            TunnelKey key = stored.tunnel().key();
            present.add(key);
            tunnels.compute(key, (k, known) -> known != null && isIn(newer, k) ? known : stored);
        }
        tunnels.keySet().removeIf(key -> !present.contains(key) && !isIn(newer, key));
        heardSince = null;
    }

    private void hear(TunnelKey key) {
        Set<TunnelKey> heard = heardSince;
        if (heard != null) {
            heard.add(key);
        }
    }

    private static boolean isIn(@Nullable Set<TunnelKey> keys, TunnelKey key) {
        return keys != null && keys.contains(key);
    }

    private static StoredTunnel later(StoredTunnel known, StoredTunnel seen) {
        return known.hasOwnershipOf(seen) && known.revision() > seen.revision() ? known : seen;
    }
}

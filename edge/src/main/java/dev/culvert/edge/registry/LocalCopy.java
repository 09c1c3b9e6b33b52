package dev.culvert.edge.registry;

import java.util.Collection;
import java.util.HashSet;
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
    private final NameRoom room;
    private volatile @Nullable Set<TunnelKey> heardSince;

    /** Of nothing yet; the room is told of what comes and goes. */
    LocalCopy(NameRoom room) {
        this.room = room;
    }

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
        tunnels.compute(key, (k, known) -> replaced(known, known == null ? seen : later(known, seen)));
    }

    /** Notes that the value is gone. */
    void remove(StoredTunnel gone) {
        TunnelKey key = gone.tunnel().key();
        hear(key);
        tunnels.computeIfPresent(
                key,
                (k, known) -> replaced(
                        known, known.hasOwnershipOf(gone) && known.revision() > gone.revision() ? known : null));
    }

    /** Notes that there was nothing under the key, at a time when this node still had that. */
    void remove(TunnelKey key, @Nullable StoredTunnel hadThen) {
        if (hadThen != null) {
            hear(key);
            tunnels.computeIfPresent(key, (k, known) -> replaced(known, known.equals(hadThen) ? null : known));
        }
    }

    /**
     * Becomes what the map is, for somebody who reads it part by part. What is heard of from now on is remembered, and
     * is newer than what is read. One at a time.
     */
    Rebuild rebuild() {
        return new Rebuild();
    }

    /** The parts come in any order, and each name in one of them. For one thread. */
    final class Rebuild {
        private final Set<TunnelKey> heard = ConcurrentHashMap.newKeySet();
        private final Set<TunnelKey> present = new HashSet<>();

        private Rebuild() {
            heardSince = heard;
        }

        /** A part of the map as it was when it was read. */
        void add(Collection<StoredTunnel> part) {
            for (StoredTunnel read : part) {
                TunnelKey key = read.tunnel().key();
                present.add(key);
                tunnels.compute(
                        key, (k, known) -> heard.contains(k) || read.equals(known) ? known : replaced(known, read));
            }
        }

        /** All parts have been read: what was in none of them is not there. */
        void finish() {
            for (TunnelKey key : tunnels.keySet()) {
                tunnels.computeIfPresent(
                        key, (k, known) -> present.contains(k) || heard.contains(k) ? known : replaced(known, null));
            }
            heardSince = null;
        }
    }

    private void hear(TunnelKey key) {
        Set<TunnelKey> heard = heardSince;
        if (heard != null) {
            heard.add(key);
        }
    }

    private @Nullable StoredTunnel replaced(@Nullable StoredTunnel known, @Nullable StoredTunnel now) {
        room.replace(known, now);
        return now;
    }

    private static StoredTunnel later(StoredTunnel known, StoredTunnel seen) {
        return known.hasOwnershipOf(seen) && known.revision() > seen.revision() ? known : seen;
    }
}

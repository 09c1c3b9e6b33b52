package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much of the heap the names of the cluster take on this node, and whether there is room for one more: names are in
 * the memory of every node, and who may have any number of them must not fill it. Names that are there already are never
 * refused. Safe for use by any thread.
 */
final class NameRoom {
    /** A name, its keys and its places in maps: 929 bytes were measured, of two nodes, with one claim. */
    private static final long NAME_BYTES = 1024;

    private static final long CLAIM_BYTES = 256;

    /** A network, a password or somebody who may sign in: of at most 255 characters, once as an object and once as the map's bytes. */
    private static final long ADMITTED_BYTES = 768;

    private final long bytes;
    private final Map<String, Long> takenByOwner = new HashMap<>();
    private long taken;

    /**
     * Nothing is taken yet.
     *
     * @param bytes of the heap that all names may take together; half of that those of one owner
     */
    NameRoom(long bytes) {
        this.bytes = bytes;
    }

    /** What becomes of a name that is asked for. */
    enum Verdict {
        HAS_ROOM,
        /** There is no room for another name, whoever asks. */
        FULL,
        /** The owner's names take as much as one owner's may. */
        OWNER_FULL
    }

    /**
     * Takes the room for a name that is asked for, until {@link #giveBack}: by then the name is {@linkplain #replace
     * there}, and has counted twice for a moment, or it was refused.
     */
    synchronized Verdict take(String owner, long more) {
        if (more > 0 && taken + more > bytes) {
            return Verdict.FULL;
        } else if (more > 0 && takenByOwner.getOrDefault(owner, 0L) + more > bytes / 2) {
            return Verdict.OWNER_FULL;
        }
        add(owner, more);
        return Verdict.HAS_ROOM;
    }

    synchronized void giveBack(String owner, long more) {
        add(owner, -more);
    }

    /** A name is there, is there no more, or has changed. */
    synchronized void replace(@Nullable StoredTunnel before, @Nullable StoredTunnel after) {
        if (before != null) {
            add(before.tunnel().owner(), -bytesOf(before));
        }
        if (after != null) {
            add(after.tunnel().owner(), bytesOf(after));
        }
    }

    /** What a request adds to what is there. */
    static long bytesMore(Registry.Request request, @Nullable StoredTunnel known) {
        long then = NAME_BYTES + CLAIM_BYTES + bytesOf(request.policy());
        return known != null && known.tunnel().owner().equals(request.owner())
                ? Math.max(0, then - bytesOf(known))
                : then;
    }

    private static long bytesOf(StoredTunnel stored) {
        Tunnel tunnel = stored.tunnel();
        // One claim at least: who had a name that is reserved must not be refused when it comes back.
        return NAME_BYTES + CLAIM_BYTES * Math.max(1, tunnel.claims().size()) + bytesOf(tunnel.policy());
    }

    private static long bytesOf(Tunnel.Policy policy) {
        Admission admission = policy.admission();
        int admitted = admission.networks().all().size()
                + admission.passwords().size()
                + admission.people().all().size();
        return admitted * ADMITTED_BYTES + 2L * policy.unread().block().length();
    }

    private void add(String owner, long more) {
        if (more == 0) {
            return;
        }
        taken += more;
        takenByOwner.merge(owner, more, (had, added) -> had + added == 0 ? null : had + added);
    }
}

package dev.culvert.edge.registry;

import java.util.Comparator;

/**
 * Who has owned a name since when. The smaller one is the older one, and the older one wins: after a split, and against
 * a ticket. Where the clocks say the same, the hash of the owner decides, so that every node decides alike and no choice
 * of owner's name is better than another.
 */
record Ownership(String owner, long sinceMillis) implements Comparable<Ownership> {
    private static final Comparator<Ownership> ORDER = Comparator.comparingLong(Ownership::sinceMillis)
            .thenComparingInt(ownership -> scattered(ownership.owner()))
            .thenComparing(Ownership::owner);

    static Ownership of(Tunnel tunnel) {
        return new Ownership(tunnel.owner(), tunnel.ownedSinceMillis());
    }

    boolean isOlderThan(Ownership other) {
        return compareTo(other) < 0;
    }

    @Override
    public int compareTo(Ownership other) {
        return ORDER.compare(this, other);
    }

    /** {@code String.hashCode} is specified, the same on every Java; the multiplication spreads neighbours. */
    private static int scattered(String owner) {
        return owner.hashCode() * 0x9E3779B9;
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides about each name when two halves of a cluster find each other again. Of two owners the one with the older
 * ownership has it; of one owner, the claims of both halves are in force, unless they let in
 * different visitors: then those of the younger half. The nodes find out by themselves which of
 * their claims came to nothing.
 *
 * <p>It goes between nodes as its name alone, and nothing can be added in later releases: Hazelcast writes on right behind it.
 */
public final class OlderOwnershipWins
        implements SplitBrainMergePolicy<StoredTunnel, MergingValue<StoredTunnel>, StoredTunnel>,
                IdentifiedDataSerializable {

    @Override
    public @Nullable StoredTunnel merge(
            MergingValue<StoredTunnel> merging, @Nullable MergingValue<StoredTunnel> existing) {
        return merged(merging.getDeserializedValue(), existing == null ? null : existing.getDeserializedValue());
    }

    static @Nullable StoredTunnel merged(@Nullable StoredTunnel merging, @Nullable StoredTunnel existing) {
        if (merging == null || existing == null) {
            return merging == null ? existing : merging;
        }
        Tunnel one = merging.tunnel();
        Tunnel other = existing.tunnel();
        boolean mergingIsOlder = Ownership.of(one).isOlderThan(Ownership.of(other));
        if (!one.owner().equals(other.owner())) {
            // Beyond both revisions, so that no node takes it for what it knows already.
            return new StoredTunnel(mergingIsOlder ? one : other, later(merging, existing));
        }
        Tunnel newest = newest(merging, existing);
        Set<Claim> claims = new HashSet<>(newest.claims());
        for (Tunnel half : List.of(one, other)) {
            // Else a half that lets in everybody would open the tunnel of the one that does not.
            if (half.policy().hasAdmissionOf(newest.policy())) {
                claims.addAll(half.claims());
            }
        }
        long reservedUntil = claims.isEmpty() ? Math.max(one.reservedUntilMillis(), other.reservedUntilMillis()) : 0;
        return new StoredTunnel(
                new Tunnel(
                        one.key(),
                        one.owner(),
                        Math.min(one.ownedSinceMillis(), other.ownedSinceMillis()),
                        newest.kind(),
                        newest.policy(),
                        claims,
                        reservedUntil),
                later(merging, existing));
    }

    /** The younger half of one ownership knows best what its owner wants now, if anybody serves it there. */
    private static Tunnel newest(StoredTunnel merging, StoredTunnel existing) {
        Tunnel one = merging.tunnel();
        Tunnel other = existing.tunnel();
        if (one.claims().isEmpty() != other.claims().isEmpty()) {
            return one.claims().isEmpty() ? other : one;
        }
        return merging.revision() > existing.revision() ? one : other;
    }

    private static long later(StoredTunnel one, StoredTunnel other) {
        return Math.max(one.revision(), other.revision()) + 1;
    }

    @Override
    public int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return RegistryTypes.OLDER_OWNERSHIP_WINS;
    }

    @Override
    public void writeData(ObjectDataOutput out) {}

    @Override
    public void readData(ObjectDataInput in) {}
}

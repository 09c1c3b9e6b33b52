package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a claim back if another node has one that counts, because visitors are to go there from now on. Of two nodes that
 * hand over to each other only one does.
 */
final class HandOverChange extends Change {
    private Claim claim = new Claim("", "", "");
    private Set<String> goneNodes = Set.of();

    /** For Hazelcast, which reads the rest. */
    HandOverChange() {}

    /** @param goneNodes nodes that have left; their claims count for nothing */
    HandOverChange(Claim claim, Set<String> goneNodes) {
        this.claim = claim;
        this.goneNodes = goneNodes;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        if (before == null || !before.tunnel().claims().contains(claim)) {
            return Outcome.done(before);
        }
        boolean elsewhere = before.tunnel().claims().stream()
                .anyMatch(other -> !other.node().equals(claim.node()) && !goneNodes.contains(other.node()));
        if (!elsewhere) {
            return Outcome.done(before);
        }
        Set<Claim> rest = new HashSet<>(before.tunnel().claims());
        rest.remove(claim);
        return Outcome.done(before.changedTo(before.tunnel().heldBy(rest, 0)));
    }

    @Override
    public int getClassId() {
        return RegistryTypes.HAND_OVER;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeByteArray(TunnelCodec.encode(claim));
        out.writeStringArray(goneNodes.toArray(String[]::new));
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        claim = TunnelCodec.decodeClaim(Objects.requireNonNull(in.readByteArray()));
        goneNodes = Set.of(Objects.requireNonNull(in.readStringArray()));
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Takes back the claims of nodes that are not members. Sent by the oldest member only: it is the one that others join
 * through, so that no member is missing from its list.
 */
final class SweepChange extends Change {
    private Set<String> memberNodes = Set.of();
    private long reservedUntilMillis;

    /** For Hazelcast, which reads the rest. */
    SweepChange() {}

    SweepChange(Set<String> memberNodes, long reservedUntilMillis) {
        this.memberNodes = memberNodes;
        this.reservedUntilMillis = reservedUntilMillis;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        if (before == null || before.tunnel().claims().isEmpty()) {
            return Outcome.done(before);
        }
        Set<Claim> rest = before.tunnel().claims().stream()
                .filter(claim -> memberNodes.contains(claim.node()))
                .collect(Collectors.toSet());
        return Outcome.done(before.changedTo(before.tunnel().heldBy(rest, reservedUntilMillis)));
    }

    @Override
    public int getClassId() {
        return RegistryTypes.SWEEP;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeStringArray(memberNodes.toArray(String[]::new));
        out.writeLong(reservedUntilMillis);
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        memberNodes = Set.of(Objects.requireNonNull(in.readStringArray()));
        reservedUntilMillis = in.readLong();
    }
}

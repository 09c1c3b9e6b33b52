package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes a claim back because the agent does not want the name any more. After the last one the name is free. */
final class GiveUpChange extends Change {
    private Claim claim = new Claim("", "", "");

    /** For Hazelcast, which reads the rest. */
    GiveUpChange() {}

    GiveUpChange(Claim claim) {
        this.claim = claim;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        if (before == null || !before.tunnel().claims().contains(claim)) {
            return Outcome.done(before);
        }
        Set<Claim> rest = new HashSet<>(before.tunnel().claims());
        rest.remove(claim);
        return Outcome.done(
                rest.isEmpty() ? null : before.changedTo(before.tunnel().heldBy(rest, 0)));
    }

    @Override
    public int getClassId() {
        return RegistryTypes.GIVE_UP;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeByteArray(TunnelCodec.encode(claim));
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        claim = TunnelCodec.decodeClaim(Objects.requireNonNull(in.readByteArray()));
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes a claim back because its lane ended. After the last one the name is reserved for its owner for a while. */
final class ReleaseChange extends Change {
    private Claim claim = new Claim("", "", "");
    private long reservedUntilMillis;

    /** For Hazelcast, which reads the rest. */
    ReleaseChange() {}

    ReleaseChange(Claim claim, long reservedUntilMillis) {
        this.claim = claim;
        this.reservedUntilMillis = reservedUntilMillis;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        if (before == null || !before.tunnel().claims().contains(claim)) {
            return Outcome.done(before);
        }
        Set<Claim> rest = new HashSet<>(before.tunnel().claims());
        rest.remove(claim);
        return Outcome.done(before.changedTo(before.tunnel().heldBy(rest, reservedUntilMillis)));
    }

    @Override
    public int getClassId() {
        return RegistryTypes.RELEASE;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeByteArray(TunnelCodec.encode(claim));
        out.writeLong(reservedUntilMillis);
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        claim = TunnelCodec.decodeClaim(Objects.requireNonNull(in.readByteArray()));
        reservedUntilMillis = in.readLong();
    }
}

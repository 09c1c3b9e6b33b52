package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a claim back because the agent does not want the name any more. After the last one the name is to be free; until
 * it is {@linkplain GivenBack noted} that its owner has given it back it is reserved. (And so it stays for that while when
 * the node dies that was to answer: the second answer knows nothing of the claim.)
 */
final class GiveUpChange extends Change {
    private Claim claim = new Claim("", "", "");
    private long reservedUntilMillis;

    /** For Hazelcast, which reads the rest. */
    GiveUpChange() {}

    GiveUpChange(Claim claim, long reservedUntilMillis) {
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
        StoredTunnel after = before.changedTo(before.tunnel().heldBy(rest, reservedUntilMillis));
        return rest.isEmpty() ? new Outcome(Outcome.Verdict.GIVEN_BACK, after) : Outcome.done(after);
    }

    @Override
    public int getClassId() {
        return RegistryTypes.GIVE_UP;
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

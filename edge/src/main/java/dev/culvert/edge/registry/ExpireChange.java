package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Frees a name whose grace is over at a time. */
final class ExpireChange extends Change {
    private long nowMillis;

    /** For Hazelcast, which reads the rest. */
    ExpireChange() {}

    ExpireChange(long nowMillis) {
        this.nowMillis = nowMillis;
    }

    @Override
    Outcome apply(TunnelKey key, @Nullable StoredTunnel before) {
        return Outcome.done(before == null || before.tunnel().isFreeAt(nowMillis) ? null : before);
    }

    @Override
    public int getClassId() {
        return RegistryTypes.EXPIRE;
    }

    @Override
    void writeFields(ObjectDataOutput out) throws IOException {
        out.writeLong(nowMillis);
    }

    @Override
    void readFields(ObjectDataInput in) throws IOException {
        nowMillis = in.readLong();
    }
}

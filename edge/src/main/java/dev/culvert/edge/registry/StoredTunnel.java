package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel as the cluster's map holds it.
 *
 * <pre>
 *   0         1                5
 *   +---------+----------------+------------ ...
 *   | version | length of body | body: {@link TunnelCodec}
 *   +---------+----------------+------------ ...
 * </pre>
 *
 * A newer version only adds to the end of the body; what this one does not know there, it skips.
 */
final class StoredTunnel implements IdentifiedDataSerializable {
    static final int VERSION = 1;

    private @Nullable Tunnel tunnel;
    private long revision;

    /** For Hazelcast, which reads the rest. */
    StoredTunnel() {}

    /**
     * @param revision counts the changes of one ownership, so that a listener can tell which of two came later
     */
    StoredTunnel(Tunnel tunnel, long revision) {
        this.tunnel = tunnel;
        this.revision = revision;
    }

    Tunnel tunnel() {
        return Objects.requireNonNull(tunnel);
    }

    long revision() {
        return revision;
    }

    /** The same name a change later; this very object where the change changed nothing. */
    StoredTunnel changedTo(Tunnel after) {
        return after.equals(tunnel) ? this : new StoredTunnel(after, revision + 1);
    }

    boolean hasOwnershipOf(StoredTunnel other) {
        return Ownership.of(tunnel()).equals(Ownership.of(other.tunnel()));
    }

    @Override
    public int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return RegistryTypes.STORED_TUNNEL;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeByte(VERSION);
        out.writeByteArray(TunnelCodec.encode(tunnel(), revision));
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        int version = in.readByte();
        if (version < 1) {
            throw new IOException("version of a stored tunnel must be 1 or more, was " + version);
        }
        StoredTunnel read = TunnelCodec.decode(Objects.requireNonNull(in.readByteArray()));
        tunnel = read.tunnel();
        revision = read.revision();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StoredTunnel stored
                && revision == stored.revision
                && Objects.equals(tunnel, stored.tunnel);
    }

    @Override
    public int hashCode() {
        return Objects.hash(tunnel, revision);
    }

    @Override
    public String toString() {
        return "%s@%d".formatted(tunnel, revision);
    }
}

package dev.culvert.edge.registry;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One atomic change of one name. Runs on the node that keeps the name, on the thread of its partition, so no two run on
 * one name at once. Everything it decides on comes with it (the time, too): it may run twice when a node dies, and must
 * come to the same.
 *
 * <p>Backups get the result, not the question: two versions of this code in one cluster may answer it differently.
 *
 * <p>On the wire: a version byte, then the fields. A newer version may add fields at the end, because nothing follows.
 */
abstract class Change implements EntryProcessor<String, StoredTunnel, Outcome>, IdentifiedDataSerializable {
    private static final int VERSION = 1;

    private transient @Nullable Store toBackups;

    /** What becomes of the entry. Returning the same object changes nothing; a null entry in the outcome removes it. */
    abstract Outcome apply(TunnelKey key, @Nullable StoredTunnel before);

    abstract void writeFields(ObjectDataOutput out) throws IOException;

    abstract void readFields(ObjectDataInput in) throws IOException;

    @Override
    @SuppressWarnings("ReferenceEquality") // The same object means that nothing was to change.
    public final Outcome process(Map.Entry<String, StoredTunnel> entry) {
        StoredTunnel before = entry.getValue();
        Outcome outcome = apply(new TunnelKey(entry.getKey()), before);
        StoredTunnel after = outcome.now();
        toBackups = null;
        if (after != before) {
            setValue(entry, after);
            toBackups = new Store(after);
        }
        return outcome;
    }

    /** Called after {@link #process}; null when there is nothing for backups to do. */
    @Override
    public final @Nullable EntryProcessor<String, StoredTunnel, Outcome> getBackupProcessor() {
        return toBackups;
    }

    @SuppressWarnings("NullAway") // In Hazelcast, setting null removes the entry.
    static void setValue(Map.Entry<String, StoredTunnel> entry, @Nullable StoredTunnel value) {
        entry.setValue(value);
    }

    @Override
    public final int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public final void writeData(ObjectDataOutput out) throws IOException {
        out.writeByte(VERSION);
        writeFields(out);
    }

    @Override
    public final void readData(ObjectDataInput in) throws IOException {
        in.readByte(); // The version: fields only ever join at the end.
        readFields(in);
    }
}

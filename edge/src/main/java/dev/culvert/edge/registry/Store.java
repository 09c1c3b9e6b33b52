package dev.culvert.edge.registry;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts the result of a {@link Change} into a backup. Hazelcast writes what belongs to the operation right behind it, so that
 * nothing can be added to it in later releases: only to the value, which is behind its length.
 */
final class Store implements EntryProcessor<String, StoredTunnel, Outcome>, IdentifiedDataSerializable {
    private static final int VERSION = 1;

    private @Nullable StoredTunnel value;

    /** For Hazelcast, which reads the rest. */
    Store() {}

    Store(@Nullable StoredTunnel value) {
        this.value = value;
    }

    @Override
    public Outcome process(Map.Entry<String, StoredTunnel> entry) {
        Change.setValue(entry, value);
        return Outcome.done(value);
    }

    @Override
    public int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return RegistryTypes.STORE;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeByte(VERSION);
        out.writeObject(value);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        in.readByte(); // The version, which stays.
        value = in.readObject();
    }
}

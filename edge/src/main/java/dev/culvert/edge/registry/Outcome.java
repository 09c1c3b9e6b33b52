package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a {@link Change} came to: its verdict, and the entry as it is now (null when there is none). */
final class Outcome implements IdentifiedDataSerializable {
    private static final int VERSION = 1;

    /** In the order of their numbers on the wire. */
    enum Verdict {
        DONE,
        /** Another owner has the name. */
        TAKEN,
        /** Another agent of the same owner has it, and they do not both pool. */
        NOT_POOLED,
        /** Another agent of the same owner has it for another kind of tunnel. */
        OTHER_KIND
    }

    private static final Verdict[] VERDICTS = Verdict.values();

    private Verdict verdict = Verdict.DONE;
    private @Nullable StoredTunnel now;

    /** For Hazelcast, which reads the rest. */
    Outcome() {}

    Outcome(Verdict verdict, @Nullable StoredTunnel now) {
        this.verdict = verdict;
        this.now = now;
    }

    static Outcome done(@Nullable StoredTunnel now) {
        return new Outcome(Verdict.DONE, now);
    }

    Verdict verdict() {
        return verdict;
    }

    @Nullable
    StoredTunnel now() {
        return now;
    }

    @Override
    public int getFactoryId() {
        return RegistryTypes.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return RegistryTypes.OUTCOME;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeByte(VERSION);
        out.writeByte(verdict.ordinal());
        out.writeObject(now);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        in.readByte(); // The version: none says more so far.
        int number = in.readByte();
        verdict = number < VERDICTS.length ? VERDICTS[number] : Verdict.TAKEN; // A newer node's reason to refuse.
        now = in.readObject();
    }
}

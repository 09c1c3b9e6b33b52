package dev.culvert.edge.registry;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a {@link Change} came to: its verdict, and the entry as it is now (null when there is none). */
final class Outcome implements IdentifiedDataSerializable {
    private static final int VERSION = 1;

    /** What it came to. */
    enum Verdict {
        DONE(0),
        /** Another owner has the name. */
        TAKEN(1),
        /** Another agent of the same owner has it, and they do not both pool. */
        NOT_POOLED(2),
        /** Another agent of the same owner has it for another kind of tunnel. */
        OTHER_KIND(3),
        /** Another agent of the same owner shares it, and lets in other visitors. */
        OTHER_ADMISSION(4),
        /** As many agents and nodes share it as can. */
        FULL(5),
        /** The last claim was given up: the name is to be free as soon as that is noted. */
        GIVEN_BACK(6),
        /** For a reason that a node of a later release has, and this one does not know. Never written. */
        UNKNOWN(-1);

        /** The byte on the wire; never changes its meaning. */
        final int code;

        Verdict(int code) {
            this.code = code;
        }

        /** The verdict with this code. */
        static Verdict of(int code) {
            for (Verdict verdict : values()) {
                if (verdict.code == code) {
                    return verdict;
                }
            }
            return UNKNOWN;
        }
    }

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
        out.writeByte(verdict.code);
        out.writeObject(now);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        in.readByte(); // The version: none says more so far.
        verdict = Verdict.of(in.readByte());
        now = in.readObject();
    }
}

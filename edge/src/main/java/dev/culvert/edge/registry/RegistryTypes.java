package dev.culvert.edge.registry;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import org.jspecify.annotations.Nullable;

/** What the registry's values and changes are called between nodes. Numbers are never used again for another thing. */
final class RegistryTypes implements DataSerializableFactory {
    /** Ours alone among the users of one Hazelcast; any positive number would do. */
    static final int FACTORY_ID = 0x43_55_4c; // "CUL"

    static final int STORED_TUNNEL = 1;
    static final int OUTCOME = 2;
    static final int BIND = 3;
    static final int RELEASE = 4;
    static final int GIVE_UP = 5;
    static final int SWEEP = 6;
    static final int EXPIRE = 7;
    static final int STORE = 8;
    static final int OLDER_OWNERSHIP_WINS = 9;
    static final int NEWS = 10;
    static final int HAND_OVER = 11;

    @Override
    public @Nullable IdentifiedDataSerializable create(int classId) {
        return switch (classId) {
            case STORED_TUNNEL -> new StoredTunnel();
            case OUTCOME -> new Outcome();
            case BIND -> new BindChange();
            case RELEASE -> new ReleaseChange();
            case GIVE_UP -> new GiveUpChange();
            case SWEEP -> new SweepChange();
            case EXPIRE -> new ExpireChange();
            case STORE -> new Store();
            case OLDER_OWNERSHIP_WINS -> new OlderOwnershipWins();
            case NEWS -> new News();
            case HAND_OVER -> new HandOverChange();
            default -> null; // Hazelcast says which number of which factory it does not know.
        };
    }
}

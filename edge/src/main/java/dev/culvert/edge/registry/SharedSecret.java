package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.culvert.config.Secret;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes sign tickets with: the operator's secret, or one that the first node makes up and that lives in the
 * cluster for as long as a node does.
 */
final class SharedSecret {
    private static final String SECRETS = "culvert.secrets";
    private static final String TICKETS = "tickets";
    private static final int RANDOM_BYTES = 32;

    private final @Nullable Secret given;
    private final IMap<String, String> secrets;
    private volatile Tickets tickets;

    /** Blocks where the cluster has to be asked. */
    SharedSecret(HazelcastInstance hazelcast, @Nullable Secret given) {
        this.given = given;
        this.secrets = hazelcast.getMap(SECRETS);
        this.tickets = read();
    }

    Tickets tickets() {
        return tickets;
    }

    /** Looks again: after a split the other half's secret may be the one that counts. Blocks. */
    void update() {
        if (given == null) {
            tickets = read();
        }
    }

    private Tickets read() {
        if (given != null) {
            return new Tickets(given);
        }
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        String ours = Base64.getEncoder().encodeToString(random);
        String others = secrets.putIfAbsent(TICKETS, ours);
        return new Tickets(Secret.of(others == null ? ours : others));
    }
}

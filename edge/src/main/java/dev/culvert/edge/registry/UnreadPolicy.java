package dev.culvert.edge.registry;

import io.vertx.core.buffer.Buffer;
import java.util.Set;

/**
 * What an edge of a later release has written of a {@linkplain Tunnel.Policy policy}, and this one cannot read. It is kept,
 * so that it is not lost where this one changes another part of the entry ({@code docs/decisions/0015}).
 *
 * @param restrictions ways in which visitors are restricted, by the names that the later release gave them
 * @param block the whole policy as it was written; empty where there is nothing that could not be read. Never changed
 */
public record UnreadPolicy(Set<String> restrictions, Buffer block) {
    /** All of it was read. */
    public static final UnreadPolicy NOTHING = new UnreadPolicy(Set.of(), Buffer.buffer(0));

    public UnreadPolicy {
        restrictions = Set.copyOf(restrictions);
    }
}

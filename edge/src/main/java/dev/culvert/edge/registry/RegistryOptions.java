package dev.culvert.edge.registry;

import dev.culvert.config.Secret;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the registry behaves. Nodes of one cluster should agree on it.
 *
 * @param grace how long a name without lanes stays reserved for its owner; 0 frees it at once. Longer suits agents that
 *     are often offline, shorter suits names that are in demand. Nodes compare it with their clocks, which should agree
 *     to within a second or two
 * @param sweepInterval how often the oldest node frees names whose grace is over and looks for claims of nodes that have
 *     left (which it also does at once when one leaves)
 * @param questionsPerSecond how many names that this node does not know it asks the cluster about in a second; beyond
 *     that a visitor is told to come back, so that guessing names cannot busy the cluster
 * @param roomBytes of this node's heap, for all names of the cluster together; half of that for those of one owner. Beyond it
 *     new names are refused
 * @param ticketSecret what tickets are signed with, the same on all nodes; null for one that the nodes make up together
 *     and forget when the last of them stops
 */
public record RegistryOptions(
        Duration grace,
        Duration sweepInterval,
        int questionsPerSecond,
        long roomBytes,
        @Nullable Secret ticketSecret) {

    /** A third of the heap: with the launcher's 256 MiB for some 68,000 names. The rest is for visitors. */
    public static final RegistryOptions DEFAULT = new RegistryOptions(
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            Runtime.getRuntime().maxMemory() / 3,
            null);

    public RegistryOptions {
        if (grace.isNegative()) {
            throw new IllegalArgumentException("grace must not be negative, was " + grace);
        }
        if (sweepInterval.toMillis() < 1) {
            throw new IllegalArgumentException("sweepInterval must be at least a millisecond, was " + sweepInterval);
        }
        if (questionsPerSecond < 1) {
            throw new IllegalArgumentException("questionsPerSecond must be positive, was " + questionsPerSecond);
        }
        if (roomBytes < 1) {
            throw new IllegalArgumentException("roomBytes must be positive, was " + roomBytes);
        }
    }
}

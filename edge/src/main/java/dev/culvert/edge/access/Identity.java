package dev.culvert.edge.access;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who an agent is, and what it may ask for.
 *
 * @param owner what the registry notes as the owner of its names: a line's owner in the file of tokens or keys, what a rule for an
 *     issuer's tokens says, or {@code anonymous:} and the hash of the agent's secret
 * @param credential tells two credentials of one owner apart, so that one of them can be withdrawn; not secret
 * @param names which names it may have
 * @param ends when the credential ends by itself: its agent is asked to come again with another, and its lane ends soon
 *     after; null for one that ends only when it is withdrawn
 */
public record Identity(
        String owner,
        String credential,
        NamePatterns names,
        @Nullable Instant ends) {

    /** One whose credential does not end by itself. */
    public Identity(String owner, String credential, NamePatterns names) {
        this(owner, credential, names, null);
    }
}

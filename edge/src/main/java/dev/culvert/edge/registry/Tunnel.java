package dev.culvert.edge.registry;

import dev.culvert.admission.Admission;
import dev.culvert.config.Rate;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the registry holds under a key.
 *
 * @param key the name
 * @param owner whose it is: an identity, or {@code anonymous:} and the hash of an agent's secret
 * @param ownedSinceMillis since when, milliseconds since 1970; decides after a split
 * @param kind {@link #HTTP}, {@link #HTTP2}, {@code tcp}, {@code tls}, or {@link #LOCALTUNNEL}
 * @param policy how the ingress treats its visitors
 * @param claims who serves it; empty while the name is only reserved
 * @param reservedUntilMillis when a name without claims is free again; 0 while there are claims
 */
public record Tunnel(
        TunnelKey key,
        String owner,
        long ownedSinceMillis,
        String kind,
        Policy policy,
        Set<Claim> claims,
        long reservedUntilMillis) {

    /** The kind of tunnels whose targets speak HTTP/1.1. */
    public static final String HTTP = "http";

    /** The kind of tunnels whose targets speak HTTP/2. */
    public static final String HTTP2 = "http2";

    /** The kind of tunnels that localtunnel's clients have: HTTP, each request on a stream of its own. */
    public static final String LOCALTUNNEL = "localtunnel";

    public Tunnel {
        claims = Set.copyOf(claims);
    }

    /** Whether anybody may have the name at that time: nobody serves it, and its owner's grace is over. */
    public boolean isFreeAt(long nowMillis) {
        return claims.isEmpty() && reservedUntilMillis <= nowMillis;
    }

    /** Whether nobody else has had the name in between. */
    public boolean isSameOwnership(Tunnel other) {
        return key.equals(other.key) && owner.equals(other.owner) && ownedSinceMillis == other.ownedSinceMillis;
    }

    /** Whether its visitors speak HTTP to the edge. */
    public boolean isHttp() {
        return isOfHttp(kind) || takesOneRequestAStream();
    }

    /** Whether it is a kind of tunnels that agents have, whose visitors speak HTTP to the edge. */
    public static boolean isOfHttp(String kind) {
        return kind.equals(HTTP) || kind.equals(HTTP2);
    }

    /**
     * Whether a stream is not used for a second request: localtunnel's client with {@code --local-host} changes the Host
     * field in the first request of each of its sockets alone.
     */
    public boolean takesOneRequestAStream() {
        return kind.equals(LOCALTUNNEL);
    }

    /** The same tunnel with these claims; when there are none, reserved until then. */
    Tunnel heldBy(Set<Claim> others, long reservedUntilMillis) {
        return new Tunnel(
                key, owner, ownedSinceMillis, kind, policy, others, others.isEmpty() ? reservedUntilMillis : 0);
    }

    /**
     * What the agent asked of the ingress.
     *
     * @param hostHeader what the target finds in Host: {@code preserve}, {@code rewrite}, or a value
     * @param target what the agent calls its target, as {@code host:port} or URL; for {@code rewrite} and for people
     * @param responseTimeoutMillis how long the target may take to begin its answer, in milliseconds; 0 for as long as it takes
     * @param pool whether other agents of the same owner may join
     * @param admission whom the ingress lets in, as far as this node knows
     * @param rate how many requests or visitor connections it takes at each node; null for as many as come
     * @param unread what it does not know
     */
    public record Policy(
            String hostHeader,
            String target,
            int responseTimeoutMillis,
            boolean pool,
            Admission admission,
            @Nullable Rate rate,
            UnreadPolicy unread) {

        /** One that takes as many requests as come, and of which this node knows all. */
        public Policy(String hostHeader, String target, int responseTimeoutMillis, boolean pool, Admission admission) {
            this(hostHeader, target, responseTimeoutMillis, pool, admission, null, UnreadPolicy.NOTHING);
        }

        /** Whether nothing is asked of visitors. */
        public boolean isOpen() {
            return !restrictsBeyondUs() && admission.isOpen();
        }

        /** Whether visitors are restricted in a way that this node does not know: it must not let in any. */
        public boolean restrictsBeyondUs() {
            return !unread.restrictions().isEmpty();
        }

        /** Whether the other lets in the same visitors. */
        public boolean hasAdmissionOf(Policy other) {
            boolean known = !restrictsBeyondUs() && !other.restrictsBeyondUs();
            return admission.equals(other.admission) && (known || unread.equals(other.unread));
        }
    }
}

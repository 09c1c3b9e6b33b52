package dev.culvert.edge.ingress;

import dev.culvert.config.Rate;
import dev.culvert.names.HostName;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the ingress treats its visitors.
 *
 * @param domain tunnels are one label under it; itself it is the edge's own host
 * @param publicUrl where visitors reach the edge from outside, when a balancer stands before it; its host is the edge's
 *     own as well. Null when visitors come straight here
 * @param trustedProxies the peers whose {@code Forwarded} and {@code X-Forwarded-…} fields are passed on
 * @param deadlines how long visitors may take
 * @param redirectTo the port to which visitors without TLS are sent, to come with it; null to serve them as they come
 * @param node what targets are told of the node that took the visitor in ({@code Culvert-Node}); empty for nothing
 * @param visitorRate how often one visitor may ask for tunnels; null for as often as it likes
 */
public record IngressOptions(
        String domain,
        @Nullable URI publicUrl,
        Predicate<InetAddress> trustedProxies,
        Deadlines deadlines,
        @Nullable IntSupplier redirectTo,
        String node,
        @Nullable Rate visitorRate) {

    public IngressOptions {
        if (!HostName.isHost(domain)) {
            throw new IllegalArgumentException("domain must be a host name in lower case, was " + domain);
        }
    }

    /**
     * How long visitors may take.
     *
     * @param head from the first byte of a request's head to its last, and from the accepted connection to the end of
     *     its first head: what a slow sender of heads can hold up. More is for visitors on very bad networks
     * @param idle how long a connection is kept between requests: longer than the 60 s that load balancers keep
     *     theirs, so that they close first and never send a request into our close. Also how long a visitor may stand
     *     still while it sends a body whose answer is already out
     * @param pinned how long a stream that answered waits for the visitor's next request to the same tunnel
     * @param linger how long a closed connection still takes, and drops, what its visitor sends, so that the answer
     *     is not lost to a reset
     */
    public record Deadlines(Duration head, Duration idle, Duration pinned, Duration linger) {
        public static final Deadlines DEFAULT = new Deadlines(
                Duration.ofSeconds(10), Duration.ofSeconds(75), Duration.ofSeconds(60), Duration.ofSeconds(5));

        public Deadlines {
            requirePositive("head", head);
            requirePositive("idle", idle);
            requirePositive("pinned", pinned);
            requirePositive("linger", linger);
        }

        private static void requirePositive(String name, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " must be positive, was " + value);
            }
        }
    }
}

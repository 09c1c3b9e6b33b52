package dev.culvert.edge.ingress;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.culvert.config.Rate;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import io.github.bucket4j.Bucket;
import java.time.Duration;

/**
 * How often tunnels that take so many requests and no more were asked for, on this node: a bucket for each of them, whoever
 * its visitors are. Nodes do not add up, as of {@link VisitorRates}. Safe for use by any thread.
 */
final class TunnelRates {
    /** Tunnels that are remembered at once, about 4 MiB: of those that were asked for least the buckets are full, or nearly. */
    private static final int MOST_TUNNELS = 10_000;

    private final Cache<Limit, Bucket> buckets = Caffeine.newBuilder()
            .maximumSize(MOST_TUNNELS)
            .expireAfterAccess(Duration.ofHours(1)) // By then every one is full again.
            .build();

    /** A tunnel whose rate changes begins anew. */
    private record Limit(TunnelKey tunnel, Rate rate) {}

    /** How long a visitor should wait before it asks for the tunnel again, in seconds; 0 when it may now, which is counted. */
    long waitSeconds(Tunnel tunnel) {
        Rate rate = tunnel.policy().rate();
        return rate == null
                ? 0
                : Buckets.seconds(buckets.get(new Limit(tunnel.key(), rate), unseen -> Buckets.of(rate))
                        .tryConsumeAndReturnRemaining(1)
                        .getNanosToWaitForRefill());
    }
}

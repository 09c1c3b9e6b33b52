package dev.culvert.edge.ingress;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.culvert.config.Rate;
import io.github.bucket4j.Bucket;
import java.net.InetAddress;
import java.util.function.Predicate;

/**
 * How often each visitor has asked, on this node: a bucket for each {@link VisitorNetwork}. Nodes do not add up: that would be a write to the cluster for each visitor. Safe for use by any
 * thread.
 */
final class VisitorRates {
    /** Addresses that are remembered at once, about 40 MiB: those that were not seen for longest go first. */
    private static final int MOST_VISITORS = 100_000;

    private final Rate rate;
    private final Predicate<InetAddress> trustedProxies;
    private final Cache<VisitorNetwork, Bucket> buckets;

    /**
     * None has asked yet.
     *
     * @param trustedProxies ask for many visitors, and as often as they like where they do not say for whom
     */
    VisitorRates(Rate rate, Predicate<InetAddress> trustedProxies) {
        this.rate = rate;
        this.trustedProxies = trustedProxies;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MOST_VISITORS)
                .expireAfterAccess(rate.period()) // By then it is full again.
                .build();
    }

    /** How long the visitor should wait before it asks again, in seconds; 0 when it may now, which is counted. */
    long waitSeconds(InetAddress visitor) {
        if (trustedProxies.test(visitor)) {
            return 0;
        }
        return Buckets.seconds(buckets.get(VisitorNetwork.of(visitor), unseen -> Buckets.of(rate))
                .tryConsumeAndReturnRemaining(1)
                .getNanosToWaitForRefill());
    }
}

package dev.culvert.edge.ingress;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.culvert.admission.Password;
import dev.culvert.config.Rate;
import dev.culvert.edge.registry.TunnelKey;
import io.github.bucket4j.Bucket;
import java.net.InetAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Who has tried passwords that are wrong, on this node: a bucket for each {@link VisitorNetwork} and tunnel, so that nobody
 * is shut out for what was tried elsewhere. The same one again is no guess: a page that asks every second with yesterday's
 * password learns nothing. Safe for use by any thread.
 */
final class WrongPasswords {
    /** From one network, at once and then in a minute: nobody mistypes that often. */
    static final Rate RATE = new Rate(20, Duration.ofMinutes(1));

    /** Networks and tunnels that are remembered at once, about 5 MiB: those that tried nothing for longest go first. */
    private static final int MOST = 10_000;

    private final Cache<Guesser, Tries> tries = Caffeine.newBuilder()
            .maximumSize(MOST)
            .expireAfterAccess(RATE.period()) // By then the bucket is full again.
            .build();

    private record Guesser(TunnelKey tunnel, VisitorNetwork network) {
        static Guesser of(TunnelKey tunnel, InetAddress visitor) {
            return new Guesser(tunnel, VisitorNetwork.of(visitor));
        }
    }

    private static final class Tries {
        private final Bucket bucket = Buckets.of(RATE);
        private volatile @Nullable Password last;
    }

    /** How long the visitor has to wait before it may try again, in seconds; 0 when it may now. */
    long waitSeconds(TunnelKey tunnel, InetAddress visitor) {
        Tries made = tries.getIfPresent(Guesser.of(tunnel, visitor));
        return made == null
                ? 0
                : Buckets.seconds(made.bucket.estimateAbilityToConsume(1).getNanosToWaitForRefill());
    }

    /** The visitor has tried this. */
    void add(TunnelKey tunnel, InetAddress visitor, Password wrong) {
        Tries made = tries.get(Guesser.of(tunnel, visitor), unseen -> new Tries());
        if (!wrong.equals(made.last)) {
            made.last = wrong;
            made.bucket.tryConsume(1);
        }
    }
}

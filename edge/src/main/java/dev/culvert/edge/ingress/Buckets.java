package dev.culvert.edge.ingress;

import dev.culvert.config.Rate;
import io.github.bucket4j.Bucket;
import java.util.concurrent.TimeUnit;

/** What a rate allows, as a bucket that is full at first. */
final class Buckets {
    private Buckets() {}

    /** A new one. */
    static Bucket of(Rate rate) {
        return Bucket.builder()
                .addLimit(limit -> limit.capacity(rate.count()).refillGreedy(rate.count(), rate.period()))
                .build();
    }

    /** What somebody is told who has to wait for so long: whole seconds, never too few. */
    static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
    }
}

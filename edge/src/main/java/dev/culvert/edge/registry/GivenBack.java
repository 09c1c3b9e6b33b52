package dev.culvert.edge.registry;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * When names were given back: their owners' tickets from before that are void, or one could take from its next owner what
 * one had given away ({@code docs/decisions/0003}).
 *
 * <p>Anybody can give back names without number, so they are not kept one by one. Each owner of a name has one of
 * {@value Tickets#PLACES} {@linkplain Tickets#placeOf places}, which others share, and what is kept of a place is when
 * something of it was given back last. So nothing is forgotten while a ticket from before it is good, however much is
 * given back; the price is a ticket that is void because of another name. When all places are in use they are 15 MiB of
 * heap in the cluster, and as much for each backup.
 *
 * <p>Safe for use by any thread.
 */
final class GivenBack {
    static final String MAP = "culvert.given-back";

    /** By how much the clocks of two nodes may differ: one may have issued what another voids. */
    static final Duration CLOCKS_APART = Duration.ofSeconds(2);

    /** Beyond that no ticket from before is good, whatever the clocks say. */
    private static final Duration KEPT_FOR = Tickets.GOOD_FOR.plusMinutes(1);

    private final IMap<Integer, Long> map;

    GivenBack(HazelcastInstance hazelcast) {
        this.map = hazelcast.getMap(MAP);
    }

    /** Notes that something was given back. */
    CompletionStage<Void> note(int place, long nowMillis) {
        try {
            return map.setAsync(place, nowMillis, KEPT_FOR.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e); // Hazelcast throws at once when it is not running.
        }
    }

    /** Whether a ticket that was issued then is void. */
    CompletionStage<Boolean> isVoid(int place, long issuedMillis) {
        CompletionStage<@Nullable Long> last;
        try {
            last = map.getAsync(place);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return last.thenApply(millis -> millis != null && issuedMillis <= millis + CLOCKS_APART.toMillis());
    }
}

package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.TunnelKey;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What this node's ingress has carried, by tunnel, since the node started. Safe for use by any thread. There is an entry
 * for each tunnel that had a visitor; {@link #keepOnly} drops those of tunnels that are gone.
 */
public final class Traffic {
    private static final Counts NONE = new Counts(0, 0, 0, 0);
    private final Map<TunnelKey, OfTunnel> tunnels = new ConcurrentHashMap<>();

    /**
     * What one tunnel carried.
     *
     * @param visitors exchanges and upgraded connections under way now
     * @param requests exchanges that began
     * @param bytesIn bytes of bodies from visitors, and of what they sent after an upgrade
     * @param bytesOut the same to visitors
     */
    public record Counts(long visitors, long requests, long bytesIn, long bytesOut) {}

    /** What the tunnel carried; zeros when it had no visitor. A snapshot. */
    public Counts of(TunnelKey key) {
        OfTunnel tunnel = tunnels.get(key);
        return tunnel == null ? NONE : tunnel.counts();
    }

    /** How many exchanges and upgraded connections are under way now, of all tunnels. */
    public long visitors() {
        return tunnels.values().stream()
                .mapToLong(tunnel -> tunnel.visitors.sum())
                .sum();
    }

    /** Forgets all other tunnels but those that still have visitors. */
    public void keepOnly(Set<TunnelKey> known) {
        tunnels.entrySet()
                .removeIf(entry -> !known.contains(entry.getKey())
                        && entry.getValue().visitors.sum() == 0);
    }

    OfTunnel counting(TunnelKey key) {
        OfTunnel tunnel = tunnels.get(key);
        return tunnel != null ? tunnel : tunnels.computeIfAbsent(key, unseen -> new OfTunnel());
    }

    /** The counters of one tunnel. */
    static final class OfTunnel {
        private final LongAdder visitors = new LongAdder();
        private final LongAdder requests = new LongAdder();
        private final LongAdder bytesIn = new LongAdder();
        private final LongAdder bytesOut = new LongAdder();

        void begun() {
            visitors.increment();
            requests.increment();
        }

        void ended(long in, long out) {
            visitors.decrement();
            bytesIn.add(in);
            bytesOut.add(out);
        }

        private Counts counts() {
            return new Counts(visitors.sum(), requests.sum(), bytesIn.sum(), bytesOut.sum());
        }
    }
}

package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.CloseCounts;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.StreamReset;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What this node's ingress has carried, by tunnel, since the node started. Safe for use by any thread. There is an entry
 * for each tunnel that had a visitor; {@link #keepOnly} drops those of tunnels that are gone.
 */
public final class Traffic {
    /** Classes 1 to 5, and 0 for visitors who left before there was an answer. */
    public static final int STATUS_CLASSES = 6;

    private static final Counts NONE = new Counts(0, 0, 0, 0);

    private final Map<TunnelKey, OfTunnel> tunnels = new ConcurrentHashMap<>();
    private final OfTunnel all = new OfTunnel(null);
    private final LongAdder[] answers = new LongAdder[STATUS_CLASSES];
    private final CloseCounts opensRefused = new CloseCounts();
    private final TurnedAway turnedAway = new TurnedAway();
    private final DoorRefusals doorRefusals = new DoorRefusals();

    public Traffic() {
        Arrays.setAll(answers, none -> new LongAdder());
    }

    /**
     * What one tunnel carried.
     *
     * @param visitors exchanges and upgraded connections under way now
     * @param requests exchanges that began
     * @param bytesIn bytes of bodies from visitors, and of what they sent after an upgrade
     * @param bytesOut the same to visitors
     */
    public record Counts(long visitors, long requests, long bytesIn, long bytesOut) {
        /** Both together: the same tunnel at two nodes. */
        public Counts plus(Counts other) {
            return new Counts(
                    visitors + other.visitors,
                    requests + other.requests,
                    bytesIn + other.bytesIn,
                    bytesOut + other.bytesOut);
        }
    }

    /** What the tunnel carried; zeros when it had no visitor. A snapshot. */
    public Counts of(TunnelKey key) {
        OfTunnel tunnel = tunnels.get(key);
        return tunnel == null ? NONE : tunnel.counts();
    }

    /** What each tunnel that had a visitor carried. A snapshot. */
    public Map<TunnelKey, Counts> byTunnel() {
        Map<TunnelKey, Counts> counts = new HashMap<>();
        tunnels.forEach((key, tunnel) -> counts.put(key, tunnel.counts()));
        return counts;
    }

    /** What all tunnels carried, those that are gone included. */
    public Counts total() {
        return all.counts();
    }

    /** How many exchanges and upgraded connections are under way now, of all tunnels. */
    public long visitors() {
        return all.visitors.sum();
    }

    /**
     * How many requests ended with a status of this class, the edge's own answers included.
     *
     * @param statusClass 2 for 200 to 299 and so on; 0 for no answer at all
     */
    public long answers(int statusClass) {
        return answers[statusClass].sum();
    }

    /** How often a stream that a visitor needed could not be opened, by the reason. Each attempt counts. */
    public CloseCounts opensRefused() {
        return opensRefused;
    }

    /** How many visitors of raw TCP and of TLS that ends at targets nothing could serve, by the reason. */
    public CloseCounts turnedAway() {
        return turnedAway.counts();
    }

    /** Nothing could serve a visitor. */
    void turnAway(RawRequest request, StreamReset why) {
        turnedAway.add(request, why);
    }

    /** How many connections ended before they had said what they are, by the reason. */
    public DoorRefusals doorRefusals() {
        return doorRefusals;
    }

    /** A request ended with this status; 0 for none. */
    void answered(int status) {
        int statusClass = status / 100;
        answers[statusClass < STATUS_CLASSES ? statusClass : 0].increment();
    }

    /** Forgets all other tunnels but those that still have visitors. */
    public void keepOnly(Set<TunnelKey> known) {
        tunnels.entrySet()
                .removeIf(entry -> !known.contains(entry.getKey())
                        && entry.getValue().visitors.sum() == 0);
    }

    OfTunnel counting(TunnelKey key) {
        OfTunnel tunnel = tunnels.get(key);
        return tunnel != null ? tunnel : tunnels.computeIfAbsent(key, unseen -> new OfTunnel(all));
    }

    /** The counters of one tunnel. */
    static final class OfTunnel {
        private final LongAdder visitors = new LongAdder();
        private final LongAdder requests = new LongAdder();
        private final LongAdder bytesIn = new LongAdder();
        private final LongAdder bytesOut = new LongAdder();
        private final @Nullable OfTunnel all;

        private OfTunnel(@Nullable OfTunnel all) {
            this.all = all;
        }

        void begun() {
            visitors.increment();
            requests.increment();
            if (all != null) {
                all.begun();
            }
        }

        void bytes(long in, long out) {
            if (in != 0) {
                bytesIn.add(in);
            }
            if (out != 0) {
                bytesOut.add(out);
            }
            if (all != null) {
                all.bytes(in, out);
            }
        }

        void ended() {
            visitors.decrement();
            if (all != null) {
                all.ended();
            }
        }

        private Counts counts() {
            return new Counts(visitors.sum(), requests.sum(), bytesIn.sum(), bytesOut.sum());
        }
    }
}

package dev.culvert.edge.lanes;

import dev.culvert.wire.CloseReason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How often something ended, by the reason. Safe for use by any thread. */
public final class CloseCounts {
    private final Map<CloseReason, LongAdder> counts;

    public CloseCounts() {
        Map<CloseReason, LongAdder> zeros = new EnumMap<>(CloseReason.class);
        for (CloseReason reason : CloseReason.values()) {
            zeros.put(reason, new LongAdder());
        }
        counts = Collections.unmodifiableMap(zeros);
    }

    public void add(CloseReason reason) {
        adder(reason).increment();
    }

    /** How often so far. */
    public long of(CloseReason reason) {
        return adder(reason).sum();
    }

    @SuppressWarnings("NullAway") // There is one for each.
    private LongAdder adder(CloseReason reason) {
        return counts.get(reason);
    }
}

package dev.culvert.edge.relay;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.StreamRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which lanes of this node have refused which request of another node's visitors. A node that is asked again for the same
 * request, because its tunnel has several lanes here, takes another one than before. Owned by the relay's event loop.
 */
final class Refusals {
    /** A request that was refused comes again at once or never. */
    private static final int MOST = 1_000;

    /** By the request's trace id, which all attempts at it share. */
    private final Map<Long, List<Carrier>> byTrace = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, List<Carrier>> eldest) {
            return size() > MOST;
        }
    };

    /** The stream that was opened for the request has ended like this; it counts where nothing of it was handed on. */
    void note(StreamRequest request, Carrier carrier, StreamReset how) {
        boolean known = request.traceId() != 0;
        if (known && (how.provesUndelivered(0) || (how.reason().retryable() && how.deliveredBytes() <= 0))) {
            byTrace.computeIfAbsent(request.traceId(), trace -> new ArrayList<>(1))
                    .add(carrier);
        }
    }

    /** The carriers in their order, but those that have refused the request already come last. */
    List<Carrier> last(StreamRequest request, List<Carrier> carriers) {
        List<Carrier> refused = byTrace.get(request.traceId());
        if (refused == null) {
            return carriers;
        }
        return carriers.stream().sorted(Comparator.comparing(refused::contains)).toList();
    }
}

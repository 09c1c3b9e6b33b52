package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.CloseCounts;
import dev.culvert.edge.lanes.Quiet;
import dev.culvert.lane.StreamReset;
import dev.culvert.wire.CloseReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts visitors of raw bytes whom nothing could serve, and logs some. Safe for use by any thread. */
final class TurnedAway {
    private static final Logger LOGGER = LoggerFactory.getLogger(TurnedAway.class);

    private final CloseCounts counts = new CloseCounts();
    private final Map<CloseReason, Quiet> quiet = new EnumMap<>(CloseReason.class);

    TurnedAway() {
        for (CloseReason reason : CloseReason.values()) {
            quiet.put(reason, new Quiet());
        }
    }

    CloseCounts counts() {
        return counts;
    }

    void add(RawRequest request, StreamReset why) {
        counts.add(why.reason());
        LOGGER.atLevel(Objects.requireNonNull(quiet.get(why.reason())).next())
                .addKeyValue("tunnel", request.key())
                .addKeyValue("remote", request.visitor())
                .addKeyValue("reason", why.reason().label())
                .addKeyValue("detail", why.detail())
                .addKeyValue("total", counts.of(why.reason()))
                .log("nothing can serve a visitor; connection closed");
    }
}

package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Quiet;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Counts connections that were refused at the door, and logs some: anybody can make as many as he likes, and must not
 * fill the disk. Safe for use by any thread.
 */
public final class DoorRefusals {
    private static final Logger LOGGER = LoggerFactory.getLogger(DoorRefusals.class);

    /** A host name has 253. */
    private static final int MOST_DETAIL_CHARS = 260;

    private final Map<DoorRefusal, Tally> tallies = new EnumMap<>(DoorRefusal.class);

    DoorRefusals() {
        for (DoorRefusal reason : DoorRefusal.values()) {
            tallies.put(reason, new Tally());
        }
    }

    /** How many there were since the node started. */
    public long of(DoorRefusal reason) {
        return tally(reason).number.sum();
    }

    void add(DoorRefusal reason, Object remote, @Nullable String detail) {
        Tally tally = tally(reason);
        tally.number.increment();
        LOGGER.atLevel(reason.usual ? Level.DEBUG : tally.quiet.next())
                .addKeyValue("remote", remote)
                .addKeyValue("detail", detail == null ? null : shown(detail))
                .addKeyValue("total", tally.number.sum())
                .log(reason.words);
    }

    /** Visitors say what stands there, who must not write lines of their own into the log. */
    static String shown(String detail) {
        String cut = detail.length() > MOST_DETAIL_CHARS ? detail.substring(0, MOST_DETAIL_CHARS) + "..." : detail;
        return cut.replaceAll("[^ -~]", "?");
    }

    private Tally tally(DoorRefusal reason) {
        return Objects.requireNonNull(tallies.get(reason));
    }

    private static final class Tally {
        private final LongAdder number = new LongAdder();
        private final Quiet quiet = new Quiet();
    }
}

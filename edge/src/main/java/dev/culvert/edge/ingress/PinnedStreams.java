package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.wire.CloseReason;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The streams that one visitor connection keeps for its next requests, one for each tunnel. Never shared between visitor
 * connections: what a target wrote for one visitor cannot reach another. Used on the visitor's event loop.
 */
final class PinnedStreams {
    /** A browser that coalesces, or a balancer, sends several tunnels down one connection; more than this is rare. */
    private static final int MOST = 8;

    private final Map<TunnelKey, TargetConnection> idle = new LinkedHashMap<>(2);
    private final Duration keep;
    private final Deadline deadline;

    PinnedStreams(EventLoop loop, Duration keep) {
        this.keep = keep;
        this.deadline = new Deadline(loop, this::sweep);
    }

    /** Takes the tunnel's stream out, if one waits. */
    @Nullable
    TargetConnection take(TunnelKey key) {
        return idle.isEmpty() ? null : idle.remove(key);
    }

    /** Keeps a stream that is reusable. */
    void put(TargetConnection target) {
        TargetConnection before = idle.put(target.key(), target);
        if (before != null) {
            before.end(CloseReason.CANCELLED, "another stream took its place");
        } else if (idle.size() > MOST) {
            TargetConnection oldest = idle.values().iterator().next();
            idle.remove(oldest.key());
            oldest.end(CloseReason.CANCELLED, "not used for the longest time");
        }
        target.rest(() -> idle.remove(target.key(), target));
        deadline.in(keep);
    }

    /** The visitor connection is over. */
    void end() {
        deadline.cancel();
        idle.values().forEach(target -> target.end(CloseReason.CANCELLED, "the visitor left"));
        idle.clear();
    }

    private void sweep() {
        idle.values().forEach(target -> target.end(CloseReason.CANCELLED, "not used any more"));
        idle.clear();
    }
}

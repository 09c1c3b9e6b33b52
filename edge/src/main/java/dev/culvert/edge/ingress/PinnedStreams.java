package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.TunnelKey;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
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
    private final Duration linger;
    private final Deadline deadline;

    /**
     * Streams that stay for a while.
     *
     * @param keep how long
     * @param linger how long a target may take to finish, once its stream is not needed any more
     */
    PinnedStreams(EventLoop loop, Duration keep, Duration linger) {
        this.keep = keep;
        this.linger = linger;
        this.deadline = new Deadline(loop, this::sweep);
    }

    /** Takes the tunnel's stream out, if one waits. */
    @Nullable
    TargetConnection take(TunnelKey key) {
        TargetConnection target = idle.isEmpty() ? null : idle.remove(key);
        if (target == null || !target.isLeaving()) {
            return target;
        }
        target.retire(linger);
        return null;
    }

    /** Gives up the streams whose carrier is about to end. */
    void retireLeaving() {
        for (TargetConnection target : List.copyOf(idle.values())) {
            if (target.isLeaving()) {
                idle.remove(target.key());
                target.retire(linger);
            }
        }
    }

    /** Keeps a stream that is reusable. */
    void put(TargetConnection target) {
        TargetConnection before = idle.put(target.key(), target);
        if (before != null) {
            before.retire(linger);
        } else if (idle.size() > MOST) {
            TargetConnection oldest = idle.values().iterator().next();
            idle.remove(oldest.key());
            oldest.retire(linger);
        }
        target.rest(() -> idle.remove(target.key(), target));
        deadline.in(keep);
    }

    /** The visitor connection is over. */
    void end() {
        deadline.cancel();
        idle.values().forEach(target -> target.retire(linger));
        idle.clear();
    }

    private void sweep() {
        idle.values().forEach(target -> target.retire(linger));
        idle.clear();
    }
}

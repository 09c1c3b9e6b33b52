package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The streams that one visitor connection keeps for its next requests: with HTTP/1.1 one for each tunnel, with HTTP/2 as
 * many as it had requests at once. Never shared between visitor connections: what a target wrote for one visitor cannot
 * reach another. Used on the visitor's event loop.
 */
final class PinnedStreams {
    /**
     * How many may wait, of all tunnels together. A browser that coalesces, or a balancer, sends several tunnels down one
     * connection, and a page asks for dozens of files at once; each stream that waits is a connection at the target.
     */
    private static final int MOST = 16;

    /** In the order in which they began to wait. The last one is used first, so that those not needed grow old. */
    private final ArrayDeque<Resting> idle = new ArrayDeque<>(2);

    private final Duration keep;
    private final Duration linger;
    private final Deadline deadline;

    /** A stream that waits. */
    private record Resting(TargetConnection target, long sinceNanos) {}

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

    /** Takes one of the tunnel's streams out, if one waits. One to somebody who had the name before is given up. */
    @Nullable
    TargetConnection take(Tunnel tunnel) {
        for (Iterator<Resting> latestFirst = idle.descendingIterator(); latestFirst.hasNext(); ) {
            TargetConnection target = latestFirst.next().target();
            if (target.tunnel().key().equals(tunnel.key())) {
                latestFirst.remove();
                if (target.tunnel().isSameOwnership(tunnel) && !target.isLeaving()) {
                    return target;
                }
                target.retire(linger);
            }
        }
        return null;
    }

    /** Gives up the streams whose carrier is about to end. */
    void retireLeaving() {
        retire(List.copyOf(idle), TargetConnection::isLeaving);
    }

    /** Keeps a stream that is reusable. */
    void put(TargetConnection target) {
        Resting resting = new Resting(target, System.nanoTime());
        idle.add(resting);
        if (idle.size() > MOST) {
            idle.remove().target().retire(linger);
        }
        target.rest(() -> idle.remove(resting));
        if (!deadline.isSet()) {
            deadline.in(keep);
        }
    }

    /** The visitor connection is over. */
    void end() {
        deadline.cancel();
        retire(List.copyOf(idle), all -> true);
    }

    private void retire(List<Resting> some, Predicate<TargetConnection> which) {
        for (Resting resting : some) {
            if (which.test(resting.target())) {
                idle.remove(resting);
                resting.target().retire(linger);
            }
        }
    }

    private void sweep() {
        long now = System.nanoTime();
        while (!idle.isEmpty() && now - idle.element().sinceNanos() >= keep.toNanos()) {
            idle.remove().target().retire(linger);
        }
        if (!idle.isEmpty()) {
            deadline.in(keep.minusNanos(now - idle.element().sinceNanos()));
        }
    }
}

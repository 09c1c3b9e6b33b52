package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How long a target may take to begin its answer, where its tunnel sets a time. Used on its event loop only. */
final class ResponseTimeout {
    private final Deadline deadline;
    private final Duration most;

    private ResponseTimeout(EventLoop loop, Duration most, Consumer<Duration> missed) {
        this.deadline = new Deadline(loop, () -> missed.accept(most));
        this.most = most;
    }

    /** Null where the target may take as long as it takes. */
    static @Nullable ResponseTimeout of(Tunnel.Policy policy, EventLoop loop, Consumer<Duration> missed) {
        return policy.responseTimeoutMillis() == 0
                ? null
                : new ResponseTimeout(loop, Duration.ofMillis(policy.responseTimeoutMillis()), missed);
    }

    /** Runs from the moment on from which the target alone is waited for, and not while anybody else is. */
    void waiting(boolean forTarget) {
        if (!forTarget) {
            deadline.cancel();
        } else if (!deadline.isSet()) {
            deadline.in(most);
        }
    }

    /** The target has shown that it is at it. */
    void again() {
        if (deadline.isSet()) {
            deadline.in(most);
        }
    }
}

package dev.culvert.edge;

import io.vertx.core.Context;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a listener of an edge hears, in its order. */
final class HeardTunnels implements EdgeListener {
    private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();

    /**
     * One call.
     *
     * @param isBound whether the tunnel was bound, and is not gone
     */
    record Heard(boolean isBound, BoundTunnel tunnel) {}

    @Override
    public void onBound(BoundTunnel tunnel) {
        hear(true, tunnel);
    }

    @Override
    public void onGone(BoundTunnel tunnel) {
        hear(false, tunnel);
    }

    private void hear(boolean isBound, BoundTunnel tunnel) {
        if (!Context.isOnEventLoopThread()) {
            throw new IllegalStateException("called on " + Thread.currentThread());
        }
        heard.add(new Heard(isBound, tunnel));
    }

    /** The next call, which must be of this kind. */
    BoundTunnel await(boolean isBound) throws InterruptedException {
        Heard next = Objects.requireNonNull(heard.poll(10, TimeUnit.SECONDS), "nothing was heard");
        if (next.isBound() != isBound) {
            throw new AssertionError(next);
        }
        return next.tunnel();
    }

    /** The next call, if it has come already; null otherwise. */
    Heard poll() {
        return heard.poll();
    }
}

package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The visitor connections that are open, so that they can be told to end. Safe for use by any thread. */
final class OpenVisitors {
    private final Map<Channel, Runnable> open = new ConcurrentHashMap<>();
    private final Promise<Void> none = Promise.promise();
    private volatile boolean draining;

    /**
     * Adds a connection until it closes.
     *
     * @param drain called on its event loop, once, when it should end after what is under way
     */
    void add(Channel channel, Runnable drain) {
        open.put(channel, drain);
        channel.closeFuture().addListener(closed -> {
            open.remove(channel);
            completeWhenNone();
        });
        if (draining) {
            channel.eventLoop().execute(drain);
        }
    }

    int count() {
        return open.size();
    }

    /** Lets no connection live longer than what is under way on it; succeeds when there is none. */
    Future<Void> drain() {
        draining = true;
        open.forEach((channel, drain) -> channel.eventLoop().execute(drain));
        completeWhenNone();
        return none.future();
    }

    private void completeWhenNone() {
        if (draining && open.isEmpty()) {
            none.tryComplete();
        }
    }
}

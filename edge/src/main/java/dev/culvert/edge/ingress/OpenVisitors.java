package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The visitor connections that are open, so that they can be told to end. Safe for use by any thread. */
final class OpenVisitors {
    private final int most;
    private final Map<Channel, Connection> open = new ConcurrentHashMap<>();
    private final Promise<Void> none = Promise.promise();
    private volatile boolean draining;

    /**
     * Nobody yet.
     *
     * @param most connections beyond which there is no room
     */
    OpenVisitors(int most) {
        this.most = most;
    }

    /** Whether there is no room for one more. */
    boolean isFull() {
        return open.size() >= most;
    }

    /** A visitor connection. Called on its event loop. */
    interface Connection {
        /** Told once, when it should end after what is under way. */
        void drain();

        /** Something that carries streams is about to end: idle streams through it are to be given up. */
        void retireStreams();
    }

    /** Adds a connection until it closes. */
    void add(Channel channel, Connection connection) {
        open.put(channel, connection);
        channel.closeFuture().addListener(closed -> {
            open.remove(channel);
            completeWhenNone();
        });
        if (draining) {
            channel.eventLoop().execute(connection::drain);
        }
    }

    /** It is a visitor's connection no more: a drain does not wait for it. */
    void remove(Channel channel) {
        open.remove(channel);
        completeWhenNone();
    }

    /** Gives up idle streams through what is about to end. */
    void retireStreams() {
        open.forEach((channel, connection) -> channel.eventLoop().execute(connection::retireStreams));
    }

    int count() {
        return open.size();
    }

    /** Lets no connection live longer than what is under way on it; succeeds when there is none. */
    Future<Void> drain() {
        draining = true;
        open.forEach((channel, connection) -> channel.eventLoop().execute(connection::drain));
        completeWhenNone();
        return none.future();
    }

    private void completeWhenNone() {
        if (draining && open.isEmpty()) {
            none.tryComplete();
        }
    }
}

package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The visitor connections that are open, so that they can be told to end. Safe for use by any thread. */
final class OpenVisitors {
    /** The part of all there may be that is closed at a time, one of so many: looking for them is a walk through all. */
    private static final int ROOM = 64;

    /**
     * Who asks more often than this is not idle: it would come back at once, with a handshake that costs more than its place.
     */
    private static final Duration IDLE = Duration.ofSeconds(1);

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

    /**
     * Closes some of the connections that only wait for a next request, those that have waited longest.
     *
     * @param loop whose connections; called on it
     * @return which they were; empty when none has waited for {@link #IDLE}
     */
    List<Channel> makeRoom(EventLoop loop) {
        record Idle(Channel channel, Connection connection, long nanos) {}
        long now = System.nanoTime();
        List<Idle> longest = open.entrySet().stream()
                .filter(entry -> entry.getKey().eventLoop() == loop && isSent(entry.getKey()))
                .map(entry -> new Idle(
                        entry.getKey(), entry.getValue(), entry.getValue().idleNanos(now)))
                .filter(idle -> idle.nanos >= IDLE.toNanos())
                .sorted(Comparator.comparingLong(Idle::nanos).reversed())
                .limit(most / ROOM + 1)
                .toList();
        longest.forEach(idle -> idle.connection.giveWay());
        return longest.stream().map(Idle::channel).toList();
    }

    /** Whether all that was written has left this program. */
    private static boolean isSent(Channel channel) {
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        return unsent != null && unsent.totalPendingWriteBytes() == 0;
    }

    /** A visitor connection. Called on its event loop. */
    interface Connection {
        /**
         * For how long it has had nothing under way and waited for its visitor's next request.
         *
         * @param now as {@link System#nanoTime} says it
         * @return nanoseconds; negative when it is in use
         */
        default long idleNanos(long now) {
            return -1;
        }

        /** Closes an idle connection at once, because others need its place. */
        default void giveWay() {}

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

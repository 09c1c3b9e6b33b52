package dev.culvert.edge.localtunnel;

import dev.culvert.edge.lanes.Carrier;
import dev.culvert.lane.HopStream;
import dev.culvert.lane.SocketStream;
import dev.culvert.lane.Sockets;
import dev.culvert.lane.StreamClosedException;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.StreamRequest;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.net.NetSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of one client. Each waits until a visitor needs it, carries one request, and is closed; the client then
 * opens another. They are closed and never reset: Node's client does not notice a reset that comes before it has noticed
 * the connection, keeps counting on the socket, and ends when it has lost all in that way.
 *
 * <pre>
 *   {@linkplain #expect expects its client} ──a socket──► connected ──the last one closed──► deserted ──a socket──► connected
 *     └──────── nobody in that time ────────► over ◄──────── nobody within the grace ────────┘
 * </pre>
 *
 * Runs on its event loop, unless said.
 */
final class SocketPool implements Carrier {
    /** What clients are told: how many sockets to keep open. It is what the reference server says. */
    static final int SOCKETS_WANTED = 10;

    /** Those being closed and the ones after them may be open at the same time; more than this is not a client. */
    private static final int MOST_SOCKETS = 8 * SOCKETS_WANTED;

    /** How long a visitor waits where all sockets are in use: some requests' time, and then it is told to come back. */
    private static final Duration SOCKET_FREE_WITHIN = Duration.ofSeconds(5);

    /** The same where there is none: long enough for a client that is just opening another. */
    private static final Duration CLIENT_BACK_WITHIN = Duration.ofSeconds(1);

    /** Visitors who wait at once, some of whom have left; then the one who has waited longest goes. */
    static final int MOST_WAITING = 1000;

    /** A client without a socket for so long is not just opening another. */
    private static final Duration DESERTED_AFTER = Duration.ofSeconds(2);

    /**
     * How long a socket from elsewhere is held before it is closed: a client behind a NAT of many addresses that was refused at
     * once would come again some thousand times a second.
     */
    private static final Duration STRANGER_HELD = Duration.ofSeconds(5);

    private static final int MOST_STRANGERS = 2 * SOCKETS_WANTED;

    private static final Logger LOGGER = LoggerFactory.getLogger(SocketPool.class);

    private final String id = UUID.randomUUID().toString();
    private final InetAddress client;
    private final EventLoop loop;
    private final Duration grace;
    private final Events events;
    private final Deque<IdleSocket> idle = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger inUse = new AtomicInteger();
    private final AtomicBoolean closing = new AtomicBoolean();
    private int strangers;
    private boolean closed;
    private volatile @Nullable DataPort port;
    private volatile boolean wasConnected;
    private boolean deserted;
    private @Nullable ScheduledFuture<?> end;
    private @Nullable ScheduledFuture<?> desertion;

    /** What becomes of a pool. On its event loop, and not after {@link #close}. */
    interface Events {
        /** The client has had no socket for {@link #DESERTED_AFTER}; it may still come back. */
        void onDeserted(SocketPool pool);

        /** It has come back after that. */
        void onBack(SocketPool pool);

        /** Nobody is there any more. */
        void onOver(SocketPool pool);
    }

    /** A visitor without a socket. */
    private record Waiting(Promise<TunnelStream> promise, ScheduledFuture<?> patience) {}

    private SocketPool(InetAddress client, EventLoop loop, Duration grace, Events events) {
        this.client = client;
        this.loop = loop;
        this.grace = grace;
        this.events = events;
    }

    /**
     * Opens a port for a client. Any thread.
     *
     * @param numbers those of the place
     * @param context where its sockets run
     * @param grace how long it waits for a client that has gone
     * @return fails with {@link DataPort.NoneFreeException}
     */
    static Future<SocketPool> open(
            InetAddress client,
            DataPort.Place place,
            PortNumbers numbers,
            Context context,
            Duration grace,
            Events events) {
        EventLoop loop = Sockets.eventLoopOf(context);
        SocketPool pool = new SocketPool(client, loop, grace, events);
        return DataPort.open(place, numbers, context, pool::accept).map(port -> {
            pool.port = port; // Still on its event loop.
            return pool;
        });
    }

    /** Tells it from all others. Any thread. */
    String id() {
        return id;
    }

    /** Whose it is. Any thread. */
    InetAddress client() {
        return client;
    }

    /** Where its client connects; known once it is open. Any thread. */
    int port() {
        DataPort open = port;
        if (open == null) {
            throw new IllegalStateException("the pool is not open yet");
        }
        return open.number();
    }

    /** How many sockets the client has open. Any thread. */
    int connected() {
        return connected.get();
    }

    /** Whether this is its client, who was here and has gone. Any thread. */
    boolean isDesertedBy(InetAddress address) {
        return wasConnected && connected.get() == 0 && isSame(client, address);
    }

    /** The client has registered, and is to connect within this time. Any thread. */
    void expect(Duration within) {
        loop.execute(() -> {
            if (connected.get() == 0 && !closed) {
                endIn(within);
            }
        });
    }

    /** Closes the port and all sockets; who waits is refused. Any thread. Returns whether this was the first call. */
    boolean close() {
        if (!closing.compareAndSet(false, true)) {
            return false;
        }
        loop.execute(() -> {
            closed = true;
            cancelEnd();
            for (Waiting visitor = waiting.poll(); visitor != null; visitor = waiting.poll()) {
                refuse(visitor, CloseReason.NOT_HELD, "the client is not connected any more");
            }
            DataPort open = port;
            if (open != null) {
                open.close().onFailure(fault -> LOGGER.atWarn().setCause(fault).log("data port not closed"));
            }
        });
        return true;
    }

    @Override
    public Future<TunnelStream> open(StreamRequest request, EventLoop visitorLoop) {
        if (visitorLoop == loop) {
            return take();
        }
        Promise<TunnelStream> opened = Promise.promise();
        loop.execute(() -> take().map(stream -> HopStream.to(visitorLoop, stream))
                .onComplete(taken -> visitorLoop.execute(() -> opened.handle(taken))));
        return opened.future();
    }

    @Override
    public int load() {
        return inUse.get();
    }

    private Future<TunnelStream> take() {
        IdleSocket socket = idle.poll();
        if (socket != null) {
            return Future.succeededFuture(use(socket));
        } else if (closed) {
            return refused(CloseReason.NOT_HELD, "the client is not connected any more");
        }
        Waiting longest = waiting.size() >= MOST_WAITING ? waiting.poll() : null;
        if (longest != null) {
            refuse(longest, CloseReason.OVERLOADED, "%d visitors wait".formatted(MOST_WAITING));
        }
        Promise<TunnelStream> promise = Promise.promise();
        Duration within = connected.get() == 0 ? CLIENT_BACK_WITHIN : SOCKET_FREE_WITHIN;
        ScheduledFuture<?> patience = loop.schedule(() -> giveUp(promise), within.toMillis(), TimeUnit.MILLISECONDS);
        waiting.add(new Waiting(promise, patience));
        return promise.future();
    }

    private void giveUp(Promise<TunnelStream> promise) {
        waiting.removeIf(visitor -> visitor.promise() == promise);
        int open = connected.get();
        if (open == 0) {
            promise.fail(StreamClosedException.refused(CloseReason.NOT_HELD, "the client is not connected"));
        } else {
            promise.fail(StreamClosedException.refused(
                    CloseReason.OVERLOADED, "all %d connections of its client are in use".formatted(open)));
        }
    }

    private TunnelStream use(IdleSocket socket) {
        Channel channel = socket.use();
        inUse.incrementAndGet();
        return SocketStream.onWaiting(
                channel, CloseReason.LANE_LOST, () -> loop.execute(() -> notUsed(socket, channel)));
    }

    /** Its visitor had left before it came. */
    private void notUsed(IdleSocket socket, Channel channel) {
        if (channel.isActive()) {
            socket.rest();
            inUse.decrementAndGet();
            offer(socket);
        }
    }

    // The client's side.

    private void accept(NetSocket socket) {
        Channel channel = Sockets.takeOver(socket);
        InetAddress from = channel.remoteAddress() instanceof InetSocketAddress address ? address.getAddress() : null;
        if (from == null || closed || connected.get() >= MOST_SOCKETS) {
            channel.close();
        } else if (!isSame(client, from)) {
            hold(channel, from);
        } else {
            arrived();
            IdleSocket waits = new IdleSocket(channel, idle::remove);
            channel.closeFuture().addListener(ended -> disconnected(waits));
            offer(waits);
        }
    }

    private void offer(IdleSocket socket) {
        Waiting visitor = waiting.poll();
        if (visitor == null) {
            idle.add(socket);
        } else {
            visitor.patience().cancel(false);
            visitor.promise().complete(use(socket));
        }
    }

    private void arrived() {
        connected.incrementAndGet();
        wasConnected = true;
        cancelEnd();
        if (deserted) {
            deserted = false;
            events.onBack(this);
        }
    }

    private void disconnected(IdleSocket socket) {
        if (socket.isInUse()) {
            inUse.decrementAndGet();
        }
        if (connected.decrementAndGet() == 0 && !closed) {
            endIn(grace);
            desertion = loop.schedule(this::desert, DESERTED_AFTER.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void desert() {
        deserted = true;
        events.onDeserted(this);
    }

    private void hold(Channel channel, InetAddress from) {
        LOGGER.atDebug()
                .addKeyValue("remote", from)
                .addKeyValue("client", client)
                .log("connection to another client's port; closed after a while");
        if (strangers >= MOST_STRANGERS) {
            channel.close();
            return;
        }
        strangers++;
        channel.config().setAutoRead(false);
        ScheduledFuture<?> leave =
                loop.schedule(() -> channel.close(), STRANGER_HELD.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(ended -> {
            leave.cancel(false);
            strangers--;
        });
    }

    private void endIn(Duration time) {
        cancelEnd();
        end = loop.schedule(() -> events.onOver(this), time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void cancelEnd() {
        if (end != null) {
            end.cancel(false);
            end = null;
        }
        if (desertion != null) {
            desertion.cancel(false);
            desertion = null;
        }
    }

    private static void refuse(Waiting visitor, CloseReason reason, String detail) {
        visitor.patience().cancel(false);
        visitor.promise().fail(StreamClosedException.refused(reason, detail));
    }

    private static Future<TunnelStream> refused(CloseReason reason, String detail) {
        return Future.failedFuture(StreamClosedException.refused(reason, detail));
    }

    /** This machine has several addresses, and clients register at one and connect to another. */
    private static boolean isSame(InetAddress one, InetAddress other) {
        return one.equals(other) || (one.isLoopbackAddress() && other.isLoopbackAddress());
    }
}

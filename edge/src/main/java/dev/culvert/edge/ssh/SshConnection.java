package dev.culvert.edge.ssh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.WindowBudget;
import dev.culvert.wire.Bound;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client that is known: the tunnels that it has, the terminals that it looks at, and whether it still lives. Runs on its
 * event loop, unless said.
 */
final class SshConnection {
    /** Where MINA's session keeps it, once the client is known. */
    static final AttributeKey<SshConnection> KEY = new AttributeKey<>();

    /** Tunnels that one connection may have: the same as a lane. */
    static final int MOST_FORWARDS = 2000;

    /** Visitors' connections at once. Each is one of the client's own to its target, and a file in its process. */
    private static final int MOST_CHANNELS = 1000;

    /** Terminals at once: one for a person, and some for a program that opens one for each forward. */
    private static final int MOST_TERMINALS = 10;

    /**
     * Requests under way, whether or not the client wants to hear of them, and answers that wait for earlier ones: as many
     * as a client may have forwards, given up at the same time.
     */
    private static final int MOST_UNANSWERED = 2 * MOST_FORWARDS;

    /** Lines kept for a terminal that is opened later. */
    private static final int MOST_LINES = 100;

    /** More often than routers forget a connection, and so that a dead one is known within a minute. */
    private static final Duration PROBED_EVERY = Duration.ofSeconds(15);

    private static final int MOST_PROBES = 3;

    private static final String PROBE = "keepalive@openssh.com";

    private static final Logger LOGGER = LoggerFactory.getLogger(SshConnection.class);

    private final String id = UUID.randomUUID().toString();
    private final ServerSession session;
    private final String remote;
    private final Login login;
    private final EventLoop loop;
    private final SshConnections all;
    private final Set<Forward> forwards = new HashSet<>();
    private final Set<Terminal> terminals = new HashSet<>();
    private final Deque<String> lines = new ArrayDeque<>();
    private final Deque<Reply> unanswered = new ArrayDeque<>();
    private final AtomicInteger channels = new AtomicInteger();
    private final AtomicInteger probes = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private @Nullable ScheduledFuture<?> probing;
    private boolean ended;

    /** What a client waits for; answers go out in the order of the requests (RFC 4254, 4). */
    private static final class Reply {
        private @Nullable Buffer packet;
    }

    SshConnection(ServerSession session, Login login, EventLoop loop, SshConnections all) {
        this.session = session;
        this.login = login;
        this.loop = loop;
        this.all = all;
        this.remote = session.getClientAddress() instanceof InetSocketAddress address
                ? NetUtil.toSocketAddressString(address)
                : String.valueOf(session.getClientAddress());
    }

    /** Begins to ask now and then whether the client still lives. Any thread. */
    void start() {
        LOGGER.atInfo()
                .addKeyValue("connection", id)
                .addKeyValue("owner", login.identity().owner())
                .addKeyValue("remote", remote)
                .addKeyValue("software", session.getClientVersion())
                .log("SSH client connected");
        loop.execute(() -> {
            if (!ended) {
                long millis = PROBED_EVERY.toMillis();
                probing = loop.scheduleWithFixedDelay(this::probe, millis, millis, TimeUnit.MILLISECONDS);
            }
        });
    }

    String id() {
        return id;
    }

    String remote() {
        return remote;
    }

    Identity identity() {
        return login.identity();
    }

    EventLoop eventLoop() {
        return loop;
    }

    WindowBudget budget() {
        return all.budget();
    }

    /** Any thread. */
    int load() {
        return channels.get();
    }

    /** Whether one visitor more may come. Any thread. */
    boolean admits() {
        return channels.get() < MOST_CHANNELS;
    }

    /** Whether it has not answered for a while. Any thread. */
    boolean isDoubtful() {
        return probes.get() > 1;
    }

    /** Opens a channel for a visitor. Any thread. */
    OpenFuture open(ForwardedChannel channel) throws IOException {
        channels.incrementAndGet();
        channel.addCloseFutureListener(closed -> channels.decrementAndGet());
        try {
            session.getService(ConnectionService.class).registerChannel(channel);
            return channel.open();
        } catch (IOException | IllegalStateException e) {
            channel.close(true);
            throw e;
        }
    }

    // What the client asks for.

    /** One request more; false when there are too many. Any thread. */
    boolean requestCame() {
        return requests.incrementAndGet() <= MOST_UNANSWERED;
    }

    /** One request less: what it asked for is done or refused. Any thread. */
    void requestOver() {
        requests.decrementAndGet();
    }

    /**
     * The client wants a tunnel.
     *
     * @return the port that it is told; fails with {@link NameRefusedException}
     */
    Future<Integer> forward(Asked asked) {
        Forward forward = new Forward(this, asked);
        try {
            admit(asked);
        } catch (NameRefusedException refusal) {
            return refused(asked, refusal);
        }
        forwards.add(forward);
        Promise<Integer> told = Promise.promise();
        all.binder()
                .bind(asked.bind(all.domain()), login.identity(), claim(), key -> all.serve(key, forward))
                .onComplete(answer -> loop.execute(() -> bound(forward, answer).onComplete(told)));
        return told.future();
    }

    /** The client wants it no more: the name is free. */
    boolean cancel(Asked asked) {
        Forward forward = forwards.stream()
                .filter(other -> other.asked().equals(asked))
                .findFirst()
                .orElse(null);
        if (forward == null) {
            return false;
        }
        forwards.remove(forward);
        TunnelKey key = forward.key();
        if (key != null) {
            all.unserve(key, forward);
            if (forward.isBound()) { // Else its bind is under way, and gives it back.
                settle(key, all.registry().giveUp(key, claim()));
            }
        }
        return true;
    }

    /** Answers a request when its time has come. */
    void answer(Future<Buffer> packet) {
        if (unanswered.size() >= MOST_UNANSWERED) {
            disconnect("too many requests at once");
            return;
        }
        Reply reply = new Reply();
        unanswered.add(reply);
        packet.onSuccess(ready -> loop.execute(() -> {
            reply.packet = ready;
            answerReady();
        }));
    }

    private void answerReady() {
        for (Reply next = unanswered.peek(); next != null && next.packet != null; next = unanswered.peek()) {
            unanswered.remove();
            write(next.packet);
        }
    }

    private void admit(Asked asked) throws NameRefusedException {
        asked.check(all.domain());
        if (all.isDraining()) {
            throw new NameRefusedException(Bound.Code.NOT_OFFERED, "this edge is stopping; come again in a moment");
        }
        if (ended || forwards.size() >= MOST_FORWARDS) {
            throw new NameRefusedException(
                    Bound.Code.NOT_ALLOWED, "this connection has %d tunnels already".formatted(forwards.size()));
        }
        if (forwards.stream().anyMatch(other -> other.asked().isSame(asked, all.domain()))) {
            throw new NameRefusedException(Bound.Code.NAME_IN_USE, "this connection has asked for it already");
        }
    }

    private Future<Integer> bound(Forward forward, AsyncResult<Registry.Grant> answer) {
        Asked asked = forward.asked();
        boolean wanted = forwards.contains(forward);
        if (answer.failed()) {
            forwards.remove(forward);
            TunnelKey served = forward.key();
            if (served != null) {
                all.unserve(served, forward);
            }
            return refused(asked, answer.cause());
        }
        TunnelKey key = answer.result().tunnel().key();
        if (!wanted) {
            all.unserve(key, forward);
            boolean askedAgain =
                    forwards.stream().anyMatch(other -> other.asked().isSame(asked, all.domain()));
            if (!askedAgain) { // There is one claim for both.
                settle(key, all.registry().giveUp(key, claim()));
            }
            return refused(
                    asked, new NameRefusedException(Bound.Code.NOT_ALLOWED, "it was given up before it was there"));
        }
        all.serve(key, forward);
        forward.bound();
        say("%s  (%s)".formatted(all.binder().urlOf(answer.result().tunnel()), asked));
        LOGGER.atInfo()
                .addKeyValue("tunnel", key)
                .addKeyValue("connection", id)
                .addKeyValue("owner", login.identity().owner())
                .log("SSH client has a tunnel");
        return Future.succeededFuture(forward.asked().port());
    }

    private Future<Integer> refused(Asked asked, Throwable cause) {
        if (cause instanceof NameRefusedException) {
            say("%s: %s".formatted(asked, cause.getMessage()));
        } else {
            say("%s: the edge could not do it; its log says why".formatted(asked));
            LOGGER.atError().setCause(cause).addKeyValue("connection", id).log("bind failed");
        }
        return Future.failedFuture(cause);
    }

    // What happens to it.

    /** Somebody else serves the name now, or nobody may. Any thread. */
    void lose(TunnelKey key, Forward forward, String why) {
        loop.execute(() -> {
            all.unserve(key, forward);
            if (forwards.remove(forward)) {
                say("%s: %s".formatted(forward.asked(), why));
                if (forwards.isEmpty()) {
                    disconnect(why); // SSH has no word for a forward that the server gives up.
                }
            }
        });
    }

    /** The operator takes the name away. Completes when the claim is gone. Any thread. */
    Future<Void> takeAway(TunnelKey key, Forward forward, String why) {
        lose(key, forward, why);
        return all.registry().giveUp(key, claim());
    }

    /**
     * The connection has ended; to be called again if need be. Any thread.
     *
     * @param givenUp whether the client said goodbye: then its names are free, and otherwise reserved for its owner
     */
    void ended(boolean givenUp) {
        loop.execute(() -> {
            if (ended) {
                return;
            }
            ended = true;
            if (probing != null) {
                probing.cancel(false);
            }
            forwards.forEach(forward -> {
                TunnelKey key = forward.key();
                if (key != null) {
                    all.unserve(key, forward);
                    settle(key, giveBack(key, givenUp));
                }
            });
            forwards.clear();
            LOGGER.atInfo()
                    .addKeyValue("connection", id)
                    .addKeyValue("owner", login.identity().owner())
                    .addKeyValue("remote", remote)
                    .log("SSH client gone");
        });
    }

    /** Takes leave with a sentence for the client's user. Any thread. */
    void disconnect(String why) {
        try {
            session.disconnect(SshConstants.SSH2_DISCONNECT_BY_APPLICATION, why);
        } catch (IOException e) {
            session.close(true);
        }
    }

    /**
     * Ends it, with its names reserved for its owner.
     *
     * @return completes when the registry knows. Never fails
     */
    Future<Void> close(String why) {
        Promise<Void> released = Promise.promise();
        loop.execute(() -> {
            List<Future<Void>> claims = new ArrayList<>();
            forwards.forEach(forward -> {
                TunnelKey key = forward.key();
                if (key != null) {
                    all.unserve(key, forward);
                    claims.add(settle(key, giveBack(key, false)));
                }
            });
            forwards.clear();
            disconnect(why);
            Future.join(claims).onComplete(done -> released.complete());
        });
        return released.future();
    }

    // Terminals.

    /** A terminal shows what there is to know, and what comes. */
    boolean show(Terminal terminal) {
        if (ended || terminals.size() >= MOST_TERMINALS) {
            return false;
        }
        terminals.add(terminal);
        if (lines.isEmpty() && forwards.isEmpty()) {
            terminal.say("No tunnel yet: ssh -R my-app:80:localhost:3000 gives the local port 3000 a name.");
        }
        lines.forEach(terminal::say);
        return true;
    }

    void hide(Terminal terminal) {
        terminals.remove(terminal);
    }

    private void say(String line) {
        lines.add(line);
        if (lines.size() > MOST_LINES) {
            lines.remove();
        }
        terminals.forEach(terminal -> terminal.say(line));
    }

    // Whether it still lives.

    private void probe() {
        if (probes.getAndIncrement() >= MOST_PROBES) {
            LOGGER.atInfo()
                    .addKeyValue("connection", id)
                    .addKeyValue("remote", remote)
                    .log("SSH client is silent; connection closed");
            session.close(true);
            return;
        }
        Buffer packet = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST);
        packet.putString(PROBE);
        packet.putBoolean(true);
        try {
            session.request(packet, PROBE, (command, answer) -> probes.set(0));
        } catch (IOException e) {
            session.close(true);
        }
    }

    private void write(Buffer packet) {
        try {
            ForwardedChannel.write(session, packet);
        } catch (IOException e) {
            // The session is closing, and says so by itself.
        }
    }

    private Claim claim() {
        return all.claim(this);
    }

    private Future<Void> giveBack(TunnelKey key, boolean givenUp) {
        return givenUp || !login.comesBack()
                ? all.registry().giveUp(key, claim())
                : all.registry().release(key, claim());
    }

    @CanIgnoreReturnValue
    private Future<Void> settle(TunnelKey key, Future<Void> claimGone) {
        return claimGone.onFailure(cause -> LOGGER.atWarn()
                .setCause(cause)
                .addKeyValue("tunnel", key)
                .addKeyValue("connection", id)
                .log("claim could not be taken back; the sweep will"));
    }
}

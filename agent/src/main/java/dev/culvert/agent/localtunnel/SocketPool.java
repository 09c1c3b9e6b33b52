package dev.culvert.agent.localtunnel;

import dev.culvert.agent.dial.Backoff;
import dev.culvert.agent.target.ConnectFault;
import dev.culvert.lane.TunnelStream;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of one registration: as many as the server has room for, each replaced when it ends. At once after a
 * visitor; otherwise after a wait, because a server may close those that are too many as fast as they come.
 *
 * <p>Runs on one context, whose event loop all sockets are on.
 */
final class SocketPool {
    /** How long the server may take to accept a socket, in milliseconds: two lost SYNs on a long path. */
    private static final int CONNECT_MILLIS = 5000;

    /** A socket that stays for so long, or serves a visitor, is one that the server wanted. */
    static final Duration WANTED = Duration.ofSeconds(1);

    /** Without a socket that the server wanted for so long, the tunnel is lost. */
    static final Duration MOST_ABSENCE = Duration.ofSeconds(10);

    /** How long visitors may take to be served at the end, in milliseconds. */
    private static final int CLOSE_MILLIS = 1000;

    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final Vertx vertx;
    private final Context home;
    private final NetClient client;
    private final Registration registration;
    private final @Nullable String host;
    private final Duration mostAbsence;
    private final Events events;

    /** The sockets that are connected, with the waits of those that will replace them. */
    private final Map<DataSocket, Backoff> connected = new HashMap<>();

    private final Promise<Void> closed = Promise.promise();
    private boolean closing;
    private boolean connectedOnce;
    private String lastFailure = "the server closes every connection";
    private @Nullable Long absence;

    /** What becomes of a pool. On its context, except for visitors. */
    interface Events {
        /** The first socket is connected. */
        void onConnected();

        /** The server has kept a socket, or used one. */
        void onWanted();

        /** A visitor came; on the sockets' event loop. */
        void onVisitor(TunnelStream stream);

        /** The server is gone or knows the tunnel no more. Nothing follows. */
        void onLost(String why);
    }

    SocketPool(
            Vertx vertx,
            Context home,
            NetClient client,
            Registration registration,
            @Nullable String host,
            Duration mostAbsence,
            Events events) {
        this.vertx = vertx;
        this.home = home;
        this.client = client;
        this.registration = registration;
        this.host = host;
        this.mostAbsence = mostAbsence;
        this.events = events;
    }

    /** Connects the sockets. */
    void open(RandomGenerator random) {
        expectSocket();
        for (int i = 0; i < registration.count(); i++) {
            connect(new Backoff(FIRST_WAIT, LONGEST_WAIT, random));
        }
    }

    /** Closes the idle sockets, and the others once their visitors are served, after a second at most. */
    Future<Void> close() {
        if (!closing) {
            closing = true;
            stopExpecting();
            List.copyOf(connected.keySet()).stream()
                    .filter(socket -> !socket.hasServed())
                    .forEach(DataSocket::close);
            vertx.setTimer(
                    CLOSE_MILLIS, ignored -> List.copyOf(connected.keySet()).forEach(DataSocket::close));
            completeWhenEmpty();
        }
        return closed.future();
    }

    private void connect(Backoff backoff) {
        ConnectOptions options = new ConnectOptions()
                .setRemoteAddress(SocketAddress.inetSocketAddress(
                        registration.sockets().port(), registration.sockets().host()))
                .setTimeout(CONNECT_MILLIS);
        // A client that was closed meanwhile throws, and does not fail.
        Future.succeededFuture(options)
                .compose(client::connect)
                .onComplete(socket -> connected(socket, backoff), failure -> failed(failure, backoff));
    }

    private void connected(NetSocket socket, Backoff backoff) {
        DataSocket taken = DataSocket.on(socket, host, new FromSockets());
        connected.put(taken, backoff);
        if (closing) {
            taken.close();
            return;
        }
        if (absence != null) {
            vertx.setTimer(WANTED.toMillis(), ignored -> {
                if (connected.containsKey(taken)) {
                    wanted();
                }
            });
        }
        if (!connectedOnce) {
            connectedOnce = true;
            events.onConnected();
        }
    }

    private void failed(Throwable failure, Backoff backoff) {
        if (closing) {
            return;
        }
        lastFailure = Registrar.reason(failure);
        if (connected.isEmpty() && ConnectFault.isRefusal(failure)) {
            lost(); // The port is closed, and no other socket says otherwise.
        } else {
            connectLater(backoff);
        }
    }

    private void connectLater(Backoff backoff) {
        long millis = Math.max(1, backoff.next().toMillis());
        vertx.setTimer(millis, ignored -> {
            if (!closing) {
                connect(backoff);
            }
        });
    }

    private void ended(DataSocket socket) {
        Backoff backoff = connected.remove(socket);
        if (closing) {
            completeWhenEmpty();
        } else if (backoff != null) {
            if (connected.isEmpty()) {
                expectSocket();
            }
            if (socket.hasServed()) {
                backoff.reset();
                connect(backoff);
            } else {
                if (socket.nanos() >= WANTED.toNanos()) {
                    backoff.reset();
                }
                connectLater(backoff);
            }
        }
    }

    private void wanted() {
        if (!closing) {
            stopExpecting();
            events.onWanted();
        }
    }

    private void lost() {
        if (!closing) {
            events.onLost("the tunnel's port %s cannot be reached (%s)%s"
                    .formatted(
                            registration.sockets(),
                            lastFailure,
                            connectedOnce ? "" : "; is there a firewall between?"));
        }
    }

    private void expectSocket() {
        if (absence == null) {
            absence = vertx.setTimer(mostAbsence.toMillis(), ignored -> lost());
        }
    }

    private void stopExpecting() {
        if (absence != null) {
            vertx.cancelTimer(absence);
            absence = null;
        }
    }

    private void completeWhenEmpty() {
        if (connected.isEmpty()) {
            closed.tryComplete();
        }
    }

    /** On the event loop of the sockets. */
    private final class FromSockets implements DataSocket.Events {
        @Override
        public void onVisitor(DataSocket socket, TunnelStream stream) {
            if (absence != null) {
                home.runOnContext(ignored -> wanted());
            }
            events.onVisitor(stream);
        }

        @Override
        public void onClosed(DataSocket socket) {
            home.runOnContext(ignored -> ended(socket));
        }
    }
}

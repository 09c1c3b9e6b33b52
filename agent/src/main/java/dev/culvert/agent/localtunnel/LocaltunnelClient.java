package dev.culvert.agent.localtunnel;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.agent.dial.Backoff;
import dev.culvert.agent.dial.Reconnect;
import dev.culvert.agent.localtunnel.LocaltunnelException.Code;
import dev.culvert.agent.target.ProxyProtocol;
import dev.culvert.agent.target.TargetDialer;
import dev.culvert.agent.target.TargetStreams;
import dev.culvert.lane.TunnelStream;
import dev.culvert.wire.StreamRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One tunnel from a localtunnel server to a local target, kept open.
 *
 * <pre>{@code
 * LocaltunnelOptions options = LocaltunnelOptions.of(URI.create("https://tunnels.example.com"), 3000);
 * LocaltunnelClient client = LocaltunnelClient.on(vertx, options, LocaltunnelListener.NONE);
 * client.open().onSuccess(online -> System.out.println(online.url()));
 * }</pre>
 *
 * <p>A server that does not answer, or not now, is asked again for as long as the {@linkplain
 * LocaltunnelOptions#reconnect() reconnect policy} says; so is one that was lost, for the name that the tunnel had.
 *
 * <p>Safe for use by any thread. All its work is done on one event loop, that of the caller where there is one.
 */
public final class LocaltunnelClient {
    private static final Logger LOGGER = LoggerFactory.getLogger(LocaltunnelClient.class);

    /** The tunnel's key and number where its target is kept: there is one. */
    private static final StreamRequest VISITOR = new StreamRequest("localtunnel", StreamRequest.Kind.HTTP, "", 0, 0);

    private static final int ID = 1;

    /**
     * How often another name is turned down after a loss, and the time between: the server may not have noticed yet that
     * the last tunnel of that name is gone. The reference server needs a second.
     */
    private static final int MOST_TURNED_DOWN = 3;

    /**
     * How often a name is asked for after a loss of a server that answers with something else, before any is: bleenco's
     * knows no names, and whatever stands in front of a server that restarts says the same.
     */
    private static final int MOST_NOT_GIVEN = 3;

    private static final Duration TURNED_DOWN_WAIT = Duration.ofSeconds(2);

    private final Vertx vertx;
    private final Context home;
    private final LocaltunnelOptions options;
    private final LocaltunnelListener listener;
    private final Duration mostAbsence;
    private final NetClient client;
    private final Registrar registrar;
    private final RandomGenerator random = RandomGenerator.getDefault();
    private final Backoff backoff;
    private final TargetStreams streams = new TargetStreams(new FromTargets());
    private final Promise<TunnelState.Connected> opened = Promise.promise();
    private volatile TunnelState state = new TunnelState.Connecting();
    private @Nullable SocketPool pool;
    private @Nullable String name;
    private boolean started;
    private boolean onlineOnce;
    private int turnedDown;

    /** How often in a row what answered gave no tunnel of the name. */
    private int notGiven;

    private @Nullable Future<Void> closing;

    private LocaltunnelClient(
            Vertx vertx, LocaltunnelOptions options, LocaltunnelListener listener, Duration mostAbsence) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        if (!home.isEventLoopContext()) {
            throw new IllegalStateException("a client is made on an event loop, or on a thread that is not Vert.x's");
        }
        this.options = options;
        this.listener = listener;
        this.mostAbsence = mostAbsence;
        this.name = options.subdomain();
        this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
        this.registrar = new Registrar(vertx, options);
        this.backoff = options.reconnect().backoff(random);
        streams.put(
                ID,
                new TargetDialer(client, options.target(), false, false),
                StreamRequest.Kind.HTTP,
                ProxyProtocol.OFF);
        streams.granted(VISITOR.tunnel(), ID);
    }

    /** A client on a caller's Vert.x, which stays the caller's. Nothing is asked of the server yet. */
    public static LocaltunnelClient on(Vertx vertx, LocaltunnelOptions options, LocaltunnelListener listener) {
        return on(vertx, options, listener, SocketPool.MOST_ABSENCE);
    }

    /** For tests that cannot wait so long. */
    static LocaltunnelClient on(
            Vertx vertx, LocaltunnelOptions options, LocaltunnelListener listener, Duration mostAbsence) {
        return new LocaltunnelClient(vertx, options, listener, mostAbsence);
    }

    /**
     * Opens the tunnel.
     *
     * @return where it is, once visitors are served; fails with {@link LocaltunnelException} when the server says no, or
     *     what answers is none
     */
    public Future<TunnelState.Connected> open() {
        home.runOnContext(ignored -> {
            if (!started && closing == null) {
                started = true;
                become(state);
                if (options.isLoop()) {
                    offline(
                            Code.LOOP,
                            "%s is the server itself: name the port of your own application"
                                    .formatted(options.target().name()));
                } else {
                    register();
                }
            }
        });
        return opened.future();
    }

    /** How the tunnel is now. */
    public TunnelState state() {
        return state;
    }

    /** Ends the tunnel; visitors who are being served have a second. */
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        home.runOnContext(ignored -> {
            Future<Void> ending = closing;
            if (ending == null) {
                ending = end(
                        new TunnelState.Closed(),
                        new LocaltunnelException(Code.CLOSED, "the tunnel was closed before it was online"));
            }
            ending.onComplete(closed);
        });
        return closed.future();
    }

    private void register() {
        registrar
                .register(notGiven < MOST_NOT_GIVEN ? name : null)
                .onComplete(
                        registration -> home.runOnContext(ignored -> registered(registration)),
                        failure -> home.runOnContext(ignored -> failed((RegistrationException) failure)));
    }

    private void registered(Registration registration) {
        if (closing != null) {
            return;
        }
        String wanted = name;
        boolean another = wanted != null && !wanted.equalsIgnoreCase(registration.id());
        if (another && onlineOnce && notGiven < MOST_NOT_GIVEN && turnedDown < MOST_TURNED_DOWN) {
            turnedDown++; // It ends by itself, as no socket is connected to it.
            retry("the name %s is still in use".formatted(wanted), TURNED_DOWN_WAIT, true);
            return;
        }
        if (another) {
            listener.onNotice("the name %s is %s; this tunnel has the name %s now"
                    .formatted(
                            wanted, notGiven < MOST_NOT_GIVEN ? "in use" : "not to be had again", registration.id()));
        }
        notGiven = 0;
        pool = new SocketPool(
                vertx, home, client, registration, options.host(), mostAbsence, new FromPool(registration));
        pool.open(random);
    }

    private void failed(RegistrationException failure) {
        String why = String.valueOf(failure.getMessage());
        if (closing != null) {
            return;
        }
        switch (failure.kind()) {
            case REFUSED -> offline(Code.REFUSED, why);
            case UNAVAILABLE -> retry(why, failure.notBefore(), false);
            case NO_LOCALTUNNEL -> {
                // What stands in front of a server answers while it restarts.
                if (onlineOnce) {
                    notGiven++;
                    retry(why, failure.notBefore(), false);
                } else {
                    offline(Code.NO_LOCALTUNNEL, why);
                }
            }
        }
    }

    private void retry(String why, Duration notBefore, boolean serverAnswers) {
        if (options.reconnect() instanceof Reconnect.None) {
            offline(Code.UNREACHABLE, why);
            return;
        }
        Duration wait = backoff.next();
        Duration delay = wait.compareTo(notBefore) < 0 ? notBefore : wait;
        become(new TunnelState.Reconnecting(why, delay, serverAnswers));
        vertx.setTimer(Math.max(1, delay.toMillis()), ignored -> {
            if (closing == null) {
                register();
            }
        });
    }

    private void offline(Code code, String why) {
        end(new TunnelState.Offline(why), new LocaltunnelException(code, why));
    }

    @CanIgnoreReturnValue // Whoever closes the tunnel afterwards has it.
    private Future<Void> end(TunnelState last, LocaltunnelException why) {
        Future<Void> socketsClosed = pool == null ? Future.succeededFuture() : pool.close();
        Future<Void> ending = socketsClosed.eventually(client::close);
        closing = ending;
        become(last);
        opened.tryFail(why);
        return ending;
    }

    private void become(TunnelState newState) {
        state = newState;
        LOGGER.atDebug().addKeyValue("state", newState).log("tunnel changed");
        listener.onState(newState);
    }

    private final class FromPool implements SocketPool.Events {
        private final Registration registration;

        FromPool(Registration registration) {
            this.registration = registration;
        }

        @Override
        public void onConnected() {
            onlineOnce = true;
            name = registration.id();
            TunnelState.Connected connected = new TunnelState.Connected(registration.id(), registration.url());
            become(connected);
            if (registration.cachedUrl() != null) {
                listener.onNotice("copies of what it serves stay at " + registration.cachedUrl());
            }
            opened.tryComplete(connected);
        }

        @Override
        public void onWanted() {
            backoff.reset();
            turnedDown = 0;
        }

        @Override
        public void onVisitor(TunnelStream stream) {
            streams.serve(new AnsweredRefusal(stream), VISITOR);
        }

        @Override
        public void onLost(String why) {
            SocketPool lost = pool;
            pool = null;
            if (lost != null) {
                lost.close()
                        .onFailure(failure -> LOGGER.atWarn().setCause(failure).log("sockets not closed"));
            }
            retry(why, Duration.ZERO, false);
        }
    }

    /** On the event loop of the sockets, which is ours. */
    private final class FromTargets implements TargetStreams.Events {
        @Override
        public void onRefused(int id, String sentence) {
            listener.onTargetRefused(sentence);
        }

        @Override
        public void onEnded(int id, StreamRequest request, long nanos, long bytesIn, long bytesOut) {
            listener.onConnection(new VisitorConnection(
                    "",
                    System.currentTimeMillis() - TimeUnit.NANOSECONDS.toMillis(nanos),
                    bytesIn,
                    bytesOut,
                    TimeUnit.NANOSECONDS.toMicros(nanos)));
        }
    }
}

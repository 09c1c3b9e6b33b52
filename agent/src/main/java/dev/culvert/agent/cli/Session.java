package dev.culvert.agent.cli;

import dev.culvert.admission.Password;
import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentException;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.SmallVertx;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.config.ListenPort;
import dev.culvert.config.WatchedFile;
import dev.culvert.wire.Exchange;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The tunnels of one run of the program, from their opening to a signal or until none is left. */
final class Session {
    /** A second for the last answers, one for the edge to read them, and some: nobody waits longer after Ctrl-C. */
    private static final long STOP_MILLIS = 2500;

    private final Vertx vertx = SmallVertx.create();
    private final Agent agent;
    private final List<WantedTunnel> wanted;
    private final ListenPort inspectPort;
    private final Output output;
    private final CountDownLatch allEnded;

    /** Files of passwords, for as long as their tunnels are there. */
    private final Map<Tunnel, WatchedFile<?>> watches = new ConcurrentHashMap<>();

    /** The first that could not be opened. */
    private final AtomicReference<@Nullable WantedTunnel> refused = new AtomicReference<>();

    Session(AgentOptions options, List<WantedTunnel> wanted, ListenPort inspectPort, Output output) {
        this.wanted = wanted;
        this.inspectPort = inspectPort;
        this.output = output;
        this.allEnded = new CountDownLatch(wanted.size());
        this.agent = Agent.on(vertx, options, new Watcher());
    }

    /**
     * Opens the tunnels and stays until they are over: the edge has taken the last one away, or another thread has
     * {@linkplain #stop() stopped} it.
     *
     * @throws AgentException when one could not be opened; its message says why
     */
    void run() throws InterruptedException {
        try {
            if (inspectPort.isOn()) {
                await(agent.inspect(inspectPort.number()).onSuccess(output::inspector));
            }
            await(Future.all(wanted.stream().map(this::open).toList()));
            allEnded.await();
        } finally {
            stop();
        }
    }

    /** Ends everything, quickly. The names stay reserved, so that the next run has them again. */
    void stop() {
        try {
            agent.close()
                    .eventually(vertx::close)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(STOP_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            output.notice("not everything was closed in time: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            output.close();
        }
    }

    private Future<Tunnel> open(WantedTunnel tunnel) {
        return agent.open(tunnel.options())
                .onFailure(fault -> refused.compareAndSet(null, tunnel))
                .onSuccess(opened ->
                        tunnel.passwords().filter(PasswordFile::mayChange).ifPresent(file -> watch(opened, file)));
    }

    /** What begins the sentence about a tunnel that could not be opened: which one of a file's it was. */
    String refusedEntry(AgentException.Code code) {
        boolean ofOne =
                switch (code) {
                    case NAME_TAKEN, REFUSED, LOOP, FOLDER -> true;
                    case NO_EDGE,
                            UNTRUSTED,
                            PROXY_REFUSED,
                            NO_TOKEN,
                            UNAUTHORIZED,
                            VERSION_MISMATCH,
                            INSPECTOR,
                            CLOSED -> false;
                };
        WantedTunnel tunnel = ofOne ? refused.get() : null;
        String others = wanted.size() == 1 ? "" : "no tunnel is open, because of ";
        return tunnel == null || tunnel.entry().isEmpty() ? "" : others + tunnel.entry() + ": ";
    }

    private void watch(Tunnel tunnel, PasswordFile file) {
        PasswordWatch watch = new PasswordWatch(tunnel, file);
        // What is in it now is not what was read at the start, if somebody was quick.
        WatchedFile.start(vertx, file, WatchedFile.INTERVAL, watch)
                .onComplete(
                        watched -> {
                            watches.put(tunnel, watched);
                            watch.changed(tunnel.options().admission().passwords(), watched.value());
                            closeIfEnded(tunnel);
                        },
                        fault -> watch.broken(file.inWords(fault)));
    }

    private void closeIfEnded(Tunnel tunnel) {
        if (hasEnded(tunnel.state())) {
            WatchedFile<?> watched = watches.remove(tunnel);
            if (watched != null) {
                watched.close();
            }
        }
    }

    private static boolean hasEnded(TunnelState state) {
        return state instanceof TunnelState.Offline || state instanceof TunnelState.Closed;
    }

    private static void await(Future<?> future) throws InterruptedException {
        try {
            future.toCompletionStage().toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    /** Lets in who knows what the file says now. */
    private final class PasswordWatch implements WatchedFile.Listener<Set<Password>> {
        private final Tunnel tunnel;
        private final PasswordFile file;

        PasswordWatch(Tunnel tunnel, PasswordFile file) {
            this.tunnel = tunnel;
            this.file = file;
        }

        @Override
        public void changed(Set<Password> before, Set<Password> now) {
            if (!now.equals(before)) {
                tunnel.admit(tunnel.options().admission().withPasswords(now))
                        .onSuccess(done -> output.notice("%s has changed: visitors of %s need %s from now on"
                                .formatted(
                                        file,
                                        tunnel.name(),
                                        tunnel.options().admission().words())));
            }
        }

        @Override
        public void broken(String fault) {
            output.notice("%s; visitors of %s are let in as before".formatted(fault, tunnel.name()));
        }
    }

    private final class Watcher implements AgentListener {
        @Override
        public void onState(Tunnel tunnel, TunnelState state) {
            output.state(new Told(tunnel), state);
            if (hasEnded(state)) {
                closeIfEnded(tunnel);
                allEnded.countDown();
            }
        }

        @Override
        public void onExchange(Tunnel tunnel, Exchange exchange) {
            output.request(new Told(tunnel), exchange);
        }

        @Override
        public void onConnection(Tunnel tunnel, VisitorConnection connection) {
            output.connection(new Told(tunnel), connection);
        }

        @Override
        public void onTargetRefused(Tunnel tunnel, String sentence) {
            output.targetRefused(new Told(tunnel), sentence);
        }

        @Override
        public void onNotice(String sentence) {
            output.notice(sentence);
        }
    }

    /** A tunnel of an agent. */
    record Told(Tunnel tunnel) implements Output.Told {
        @Override
        public String name() {
            return tunnel.name();
        }

        @Override
        public String target() {
            return tunnel.options().targetName();
        }

        @Override
        public String admission() {
            return tunnel.options().admission().words();
        }
    }
}

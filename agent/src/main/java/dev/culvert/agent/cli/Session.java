package dev.culvert.agent.cli;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentException;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.config.ListenPort;
import dev.culvert.wire.Exchange;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The tunnels of one run of the program, from their opening to a signal or until none is left. */
final class Session {
    /** A second for the last answers, one for the edge to read them, and some: nobody waits longer after Ctrl-C. */
    private static final long STOP_MILLIS = 2500;

    private final Agent agent;
    private final List<TunnelOptions> wanted;
    private final ListenPort inspectPort;
    private final Output output;
    private final CountDownLatch allEnded;

    Session(AgentOptions options, List<TunnelOptions> wanted, ListenPort inspectPort, Output output) {
        this.wanted = wanted;
        this.inspectPort = inspectPort;
        this.output = output;
        this.allEnded = new CountDownLatch(wanted.size());
        this.agent = Agent.alone(options, new Watcher());
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
            await(Future.all(wanted.stream().map(agent::open).toList()));
            allEnded.await();
        } finally {
            stop();
        }
    }

    /** Ends everything, quickly. The names stay reserved, so that the next run has them again. */
    void stop() {
        try {
            agent.close().toCompletionStage().toCompletableFuture().get(STOP_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            output.notice("not everything was closed in time: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            output.close();
        }
    }

    private static void await(Future<?> future) throws InterruptedException {
        try {
            future.toCompletionStage().toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    private final class Watcher implements AgentListener {
        @Override
        public void onState(Tunnel tunnel, TunnelState state) {
            output.state(new Told(tunnel), state);
            if (state instanceof TunnelState.Offline || state instanceof TunnelState.Closed) {
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

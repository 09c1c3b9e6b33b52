package dev.culvert.agent;

import io.vertx.core.Future;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A tunnel with an agent of its own, for code that waits: tests, mostly. All methods block and so must not be called on
 * an event loop.
 */
public final class LocalTunnel implements AutoCloseable {
    /** More than connecting, greeting and binding may take together, each of which gives up by itself. */
    private static final int OPEN_SECONDS = 60;

    /** The last words of the lanes need at most one. */
    private static final int CLOSE_SECONDS = 10;

    private final Agent agent;
    private final Tunnel tunnel;

    private LocalTunnel(Agent agent, Tunnel tunnel) {
        this.agent = agent;
        this.tunnel = tunnel;
    }

    /** Opens one; {@link AgentException} says why it cannot. */
    static LocalTunnel open(AgentOptions options, TunnelOptions wanted) {
        Agent agent = Agent.alone(options, AgentListener.NONE);
        try {
            return new LocalTunnel(agent, await(agent.open(wanted), OPEN_SECONDS));
        } catch (RuntimeException e) {
            await(agent.close(), CLOSE_SECONDS);
            throw e;
        }
    }

    /** Where visitors find it. */
    public String url() {
        return tunnel.url();
    }

    /** Its public name. */
    public String name() {
        return tunnel.name();
    }

    /** Gives the name back and ends the agent; no thread of it is left. */
    @Override
    public void close() {
        await(tunnel.close(), CLOSE_SECONDS);
        await(agent.close(), CLOSE_SECONDS);
    }

    private static <T> T await(Future<T> future, int seconds) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the agent did not answer within %d s".formatted(seconds), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}

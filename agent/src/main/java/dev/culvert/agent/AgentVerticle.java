package dev.culvert.agent;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An agent as a unit of deployment: deployed, its tunnels are online; undeployed, they are closed. */
public final class AgentVerticle extends VerticleBase {
    private final AgentOptions options;
    private final List<TunnelOptions> wanted;
    private final AgentListener listener;
    private volatile List<Tunnel> tunnels = List.of();
    private @Nullable Agent agent;

    public AgentVerticle(AgentOptions options, List<TunnelOptions> wanted, AgentListener listener) {
        this.options = options;
        this.wanted = List.copyOf(wanted);
        this.listener = listener;
    }

    /** The tunnels, in the order they were asked for; empty before it is deployed. */
    public List<Tunnel> tunnels() {
        return tunnels;
    }

    @Override
    public Future<?> start() {
        Agent started = Agent.on(vertx, options, listener);
        agent = started;
        return Future.all(wanted.stream().map(started::open).toList())
                .onSuccess(opened -> tunnels = opened.list())
                .recover(failure -> started.close().transform(ignored -> Future.failedFuture(failure)));
    }

    @Override
    public Future<?> stop() {
        return agent == null ? Future.succeededFuture() : agent.close();
    }
}

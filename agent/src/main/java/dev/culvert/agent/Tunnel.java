package dev.culvert.agent;

import dev.culvert.admission.Admission;
import dev.culvert.config.Rate;
import io.vertx.core.Future;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A public name and the local target behind it. Safe for use by any thread. */
public final class Tunnel {
    private final Agent agent;
    private final int id;
    private volatile TunnelOptions options;
    private volatile TunnelState state = new TunnelState.Connecting();
    private volatile TunnelState.@Nullable Connected lastConnected;

    Tunnel(Agent agent, TunnelOptions options, int id) {
        this.agent = agent;
        this.options = options;
        this.id = id;
    }

    /** What was asked for. */
    public TunnelOptions options() {
        return options;
    }

    /** How it is now. */
    public TunnelState state() {
        return state;
    }

    /**
     * The public name, as the edge last gave it.
     *
     * @throws IllegalStateException before the tunnel was connected for the first time
     */
    public String name() {
        return connected().name();
    }

    /**
     * Where visitors find it, as the edge last said.
     *
     * @throws IllegalStateException before the tunnel was connected for the first time
     */
    public String url() {
        return connected().url();
    }

    /**
     * Changes whom the edge lets in, while the tunnel is open: each request that comes from then on is judged by it, and so is
     * each new connection. What is open stays open.
     *
     * <p>Where the edge refuses, say because other agents share the name, visitors are let in as before; the agent's
     * {@linkplain AgentListener#onNotice listener} is told once, and the edge is asked again now and then.
     *
     * @return completes once it is in force at every node, or what has been asked for since; fails with
     *     {@link AgentException} when the tunnel ends before that
     * @throws IllegalArgumentException when the kind of tunnel cannot ask for it
     */
    public Future<Void> admit(Admission admission) {
        return agent.change(this, options.withAdmission(admission));
    }

    /**
     * Changes how many requests, or connections, the tunnel takes at each node, while it is open; as {@link #admit} does it.
     *
     * @param rate null for as many as come
     */
    public Future<Void> limit(@Nullable Rate rate) {
        return agent.change(this, options.withRate(rate));
    }

    /** Ends the tunnel and gives its name back; other tunnels of the agent go on. */
    public Future<Void> close() {
        return agent.close(this);
    }

    int id() {
        return id;
    }

    Optional<TunnelState.Connected> lastConnected() {
        return Optional.ofNullable(lastConnected);
    }

    void changeTo(TunnelOptions newOptions) {
        options = newOptions;
    }

    void become(TunnelState newState) {
        state = newState;
        if (newState instanceof TunnelState.Connected connected) {
            lastConnected = connected;
        }
    }

    private TunnelState.Connected connected() {
        TunnelState.Connected connected = lastConnected;
        if (connected == null) {
            throw new IllegalStateException("the tunnel to %s was not connected yet".formatted(options.target()));
        }
        return connected;
    }

    @Override
    public String toString() {
        return "Tunnel[%s, %s]".formatted(options.target(), state);
    }
}

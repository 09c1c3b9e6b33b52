package dev.culvert.agent;

import io.vertx.core.Future;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A public name and the local target behind it. Safe for use by any thread. */
public final class Tunnel {
    private final Agent agent;
    private final TunnelOptions options;
    private final int id;
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

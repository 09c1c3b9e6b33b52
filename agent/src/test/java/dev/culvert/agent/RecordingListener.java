package dev.culvert.agent;

import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Exchange;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what an agent tells, for a test to take. */
public final class RecordingListener implements AgentListener {
    private final BlockingQueue<TunnelState> states = new LinkedBlockingQueue<>();
    private final BlockingQueue<Exchange> exchanges = new LinkedBlockingQueue<>();
    private final BlockingQueue<VisitorConnection> connections = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();

    private volatile Tunnel lastTunnel;

    @Override
    public void onState(Tunnel tunnel, TunnelState state) {
        lastTunnel = tunnel;
        states.add(state);
    }

    @Override
    public void onExchange(Tunnel tunnel, Exchange exchange) {
        exchanges.add(exchange);
    }

    @Override
    public void onConnection(Tunnel tunnel, VisitorConnection connection) {
        connections.add(connection);
    }

    @Override
    public void onTargetRefused(Tunnel tunnel, String sentence) {
        notices.add(sentence);
    }

    @Override
    public void onNotice(String sentence) {
        notices.add(sentence);
    }

    /** The next state of this kind; others before it are dropped. */
    public <S extends TunnelState> S await(Class<S> kind) {
        while (true) {
            TunnelState state = take(states, kind.getSimpleName());
            if (kind.isInstance(state)) {
                return kind.cast(state);
            }
        }
    }

    /** The next state. */
    public TunnelState nextState() {
        return take(states, "a state");
    }

    /** The tunnel that was told of last. */
    public Tunnel lastTunnel() {
        return lastTunnel;
    }

    /** How many notices nobody has taken. */
    public int notices() {
        return notices.size();
    }

    public Exchange nextExchange() {
        return take(exchanges, "an exchange");
    }

    public VisitorConnection nextConnection() {
        return take(connections, "a visitor connection");
    }

    public String nextNotice() {
        return take(notices, "a notice");
    }

    private static <T> T take(BlockingQueue<T> queue, String what) {
        try {
            T taken = queue.poll(ScriptedPeer.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (taken == null) {
                throw new AssertionError("expected " + what + ", nothing came");
            }
            return taken;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}

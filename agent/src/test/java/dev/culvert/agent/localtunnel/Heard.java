package dev.culvert.agent.localtunnel;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Keeps what a client tells, for a test to take. */
final class Heard implements LocaltunnelListener {
    private final BlockingQueue<TunnelState> states = new LinkedBlockingQueue<>();
    private final BlockingQueue<VisitorConnection> connections = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> sentences = new LinkedBlockingQueue<>();

    @Override
    public void onState(TunnelState state) {
        states.add(state);
    }

    @Override
    public void onConnection(VisitorConnection connection) {
        connections.add(connection);
    }

    @Override
    public void onTargetRefused(String sentence) {
        sentences.add(sentence);
    }

    @Override
    public void onNotice(String sentence) {
        sentences.add(sentence);
    }

    /** The next state of this kind; others before it are dropped. */
    <S extends TunnelState> S await(Class<S> kind) {
        while (true) {
            TunnelState state = ScriptedServer.take(states, kind.getSimpleName());
            if (kind.isInstance(state)) {
                return kind.cast(state);
            }
        }
    }

    VisitorConnection nextConnection() {
        return ScriptedServer.take(connections, "a connection");
    }

    String nextSentence() {
        return ScriptedServer.take(sentences, "a sentence");
    }
}

package dev.culvert.agent.cli;

import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;

/** Says what is going on: in words, or for programs. Any thread; never waits for the terminal. */
interface Output extends AutoCloseable {
    void state(Tunnel tunnel, TunnelState state);

    void request(Tunnel tunnel, Exchange exchange);

    void connection(Tunnel tunnel, VisitorConnection connection);

    void targetRefused(Tunnel tunnel, String sentence);

    void notice(String sentence);

    @Override
    void close();
}

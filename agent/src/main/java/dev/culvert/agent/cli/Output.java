package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;

/** Says what is going on: in words, or for programs. Any thread; never waits for the terminal. */
interface Output extends AutoCloseable {
    void state(Told tunnel, TunnelState state);

    void request(Told tunnel, Exchange exchange);

    void connection(Told tunnel, VisitorConnection connection);

    void targetRefused(Told tunnel, String sentence);

    /** Requests can be looked at here. */
    void inspector(String url);

    void notice(String sentence);

    @Override
    void close();

    /** A tunnel, as far as outputs tell of it; equal to itself alone. */
    interface Told {
        /** Its public name; asked for only once it has been connected. */
        String name();

        /** Where it goes. */
        String target();

        /** Whom it lets in, in words; empty where everybody is. */
        default String admission() {
            return "";
        }
    }
}

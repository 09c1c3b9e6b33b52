package dev.culvert.edge.access;

import dev.culvert.wire.Hello;
import io.vertx.core.Future;

/** Decides who an agent is. */
public interface Authenticator {

    /** The identity behind a greeting; fails with {@link UnauthorizedException}, whose message goes to the agent. */
    Future<Identity> authenticate(Hello hello);

    /**
     * Calls the listener, on any thread, with each owner whose credentials have been withdrawn. Their lanes end.
     */
    void onRevoked(java.util.function.Consumer<Identity> listener);
}

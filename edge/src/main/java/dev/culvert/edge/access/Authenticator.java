package dev.culvert.edge.access;

import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import java.util.function.Consumer;

/** Decides who an agent is. */
public interface Authenticator {

    /**
     * The identity behind a greeting: its {@code token}, or the {@code secret} of an agent that has none. Called on an
     * event loop, which must not be blocked; the future may complete on any thread.
     *
     * @return fails with {@link UnauthorizedException}, or with {@link UndecidedException} where it cannot be told now; their
     *     messages go to the agent
     */
    Future<Identity> authenticate(Hello hello);

    /**
     * Whether an identity that was given a moment ago still counts: its credential may have been withdrawn before its lane stood, and
     * nobody have been told. Any thread; does not block.
     */
    default boolean stillCounts(Identity identity) {
        return true;
    }

    /**
     * Which names are kept for certain owners. It is looked at with each bind: a change counts from the next one on, and takes
     * nothing from who has a name. Any thread; does not block.
     */
    default ReservedNames reserved() {
        return ReservedNames.NONE;
    }

    /**
     * Calls the listener, on any thread, with each owner whose credentials have been withdrawn. Their lanes end.
     */
    void onRevoked(Consumer<Identity> listener);
}

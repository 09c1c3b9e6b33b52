package dev.culvert.edge.access;

import dev.culvert.config.Hash;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import java.util.function.Consumer;

/**
 * Lets anybody in, and tells agents apart by the secret that each keeps: who has the secret owns the names. Only its
 * hash goes further than this class.
 */
public final class AnonymousAuthenticator implements Authenticator {
    /** 128 bits in base64url. A shorter secret could be guessed, and its names taken. */
    private static final int SHORTEST_SECRET = 22;

    /** 128 bits in hex: nobody finds a second secret with the same owner. */
    private static final int OWNER_DIGITS = 32;

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String secret = hello.secret();
        if (secret == null) {
            return Future.failedFuture(
                    new UnauthorizedException(
                            "this edge knows agents without a token by a secret of their own, and this agent sent none; update the agent"));
        }
        if (secret.length() < SHORTEST_SECRET) {
            return Future.failedFuture(new UnauthorizedException(
                    "the agent's secret is too easy to guess: it has %d characters; use at least %d random ones"
                            .formatted(secret.length(), SHORTEST_SECRET)));
        }
        String owner = "anonymous:" + Hash.of(secret).substring(0, OWNER_DIGITS);
        return Future.succeededFuture(new Identity(owner, owner, NamePatterns.ANY));
    }

    /** Never calls: a secret that nobody issued cannot be withdrawn. */
    @Override
    public void onRevoked(Consumer<Identity> listener) {}
}

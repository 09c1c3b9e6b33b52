package dev.culvert.edge.access.jwt;

import dev.culvert.edge.access.Authenticator;
import dev.culvert.edge.access.Identity;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import java.util.function.Consumer;

/** Two kinds of tokens beside each other, told apart by their looks: JWTs are for issuers to prove, all others are not. */
public final class TokensByShape implements Authenticator {
    private final JwtAuthenticator jwts;
    private final Authenticator others;

    /**
     * Asks one of two.
     *
     * @param others decides about tokens that are no JWTs, and about agents without one
     */
    public TokensByShape(JwtAuthenticator jwts, Authenticator others) {
        this.jwts = jwts;
        this.others = others;
    }

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String token = hello.token();
        return token != null && JwtAuthenticator.isJwt(token) ? jwts.authenticate(hello) : others.authenticate(hello);
    }

    @Override
    public boolean stillCounts(Identity identity) {
        return jwts.stillCounts(identity) || others.stillCounts(identity);
    }

    /** Issuers reserve no names. */
    @Override
    public ReservedNames reserved() {
        return others.reserved();
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        jwts.onRevoked(listener);
        others.onRevoked(listener);
    }
}

package dev.culvert.edge.access;

import dev.culvert.wire.Hello;
import io.vertx.core.Future;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Two kinds of tokens beside each other, told apart by their looks. */
public final class TokensByShape implements Authenticator {
    private final Predicate<String> shape;
    private final Authenticator those;
    private final Authenticator others;

    /**
     * Asks one of two.
     *
     * @param those decides about tokens of the shape; reserves no names
     * @param others decides about all other tokens, and about agents without one
     */
    public TokensByShape(Predicate<String> shape, Authenticator those, Authenticator others) {
        this.shape = shape;
        this.those = those;
        this.others = others;
    }

    @Override
    public Future<Identity> authenticate(Hello hello) {
        String token = hello.token();
        return (token != null && shape.test(token) ? those : others).authenticate(hello);
    }

    @Override
    public boolean stillCounts(Identity identity) {
        return those.stillCounts(identity) || others.stillCounts(identity);
    }

    @Override
    public ReservedNames reserved() {
        return others.reserved();
    }

    @Override
    public void onRevoked(Consumer<Identity> listener) {
        those.onRevoked(listener);
        others.onRevoked(listener);
    }
}

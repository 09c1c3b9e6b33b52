package dev.culvert.edge.access;

import dev.culvert.wire.Hello;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What agents say first, as far as it matters for who they are. */
final class Greetings {
    private Greetings() {}

    static Hello withToken(@Nullable String token) {
        return hello(token, null);
    }

    static Hello withSecret(String secret) {
        return hello(null, secret);
    }

    private static Hello hello(@Nullable String token, @Nullable String secret) {
        return new Hello(List.of(Hello.VERSION), "test", "instance", List.of(), token, secret, 65_536, false);
    }
}

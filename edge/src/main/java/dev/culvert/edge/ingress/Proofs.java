package dev.culvert.edge.ingress;

import io.vertx.core.Future;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an authority asks of any host, to see that it is ours (RFC 8555, 8.3). Called on the visitor's event loop. */
@FunctionalInterface
public interface Proofs {
    /** None. */
    Proofs NONE = target -> null;

    /**
     * The proof at a path.
     *
     * @param target path and query, as they came
     * @return completes on any thread, empty where it is nothing of ours; null where it cannot be
     */
    @Nullable
    Future<Optional<String>> at(String target);
}

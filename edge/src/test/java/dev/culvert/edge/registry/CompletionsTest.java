package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class CompletionsTest {
    private static final int BINDS = 100;

    @Test
    void bindsStartNoThreadForEachAnswer() {
        try (Cluster cluster = new Cluster()) {
            Cluster.Node one = cluster.join();
            cluster.join();
            Set<Long> threads = ConcurrentHashMap.newKeySet();
            for (int i = 0; i < BINDS; i++) {
                // Not on a context of Vert.x's, so the answer is heard where Hazelcast gives it.
                Future<Registry.Grant> bind =
                        one.registry().bind(request("name-" + i, "ann", one.claim("lane-1", "agent-1")));
                await(bind.onSuccess(grant -> threads.add(Thread.currentThread().getId())));
            }
            // Those for answers, those for time-outs, and this one where the answer was quicker.
            assertTrue(threads.size() < BINDS / 4, () -> "answers came on %d threads".formatted(threads.size()));
        }
    }
}

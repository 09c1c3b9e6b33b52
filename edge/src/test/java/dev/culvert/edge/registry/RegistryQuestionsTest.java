package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How often the map is asked, on a node where nothing else asks it: no sweep, no other test's names. */
class RegistryQuestionsTest {
    private static final RegistryOptions NO_SWEEP =
            new RegistryOptions(Duration.ofSeconds(60), Duration.ofHours(1), 1_000, 1 << 24, null);

    private Cluster cluster;
    private Cluster.Node node;
    private HazelcastRegistry registry;

    @BeforeEach
    void start() {
        cluster = new Cluster();
        node = cluster.join(NO_SWEEP);
        registry = node.registry();
        registry.map().addInterceptor(new Questions());
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void aMissIsAskedForOnceASecond() {
        int before = Questions.asked();
        List<Future<Optional<Tunnel>>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            answers.add(registry.confirm(host("unknown")));
        }
        answers.forEach(answer -> assertEquals(Optional.empty(), await(answer)));
        assertEquals(before + 1, Questions.asked());

        cluster.clock.pass(Misses.KEPT_FOR);
        assertEquals(Optional.empty(), await(registry.confirm(host("unknown"))));
        assertEquals(before + 2, Questions.asked());
    }

    @Test
    void knownNamesAreFoundWithoutAQuestion() {
        await(registry.bind(request("shop", "ann", node.claim("lane-1", "agent-1"))));
        int before = Questions.asked();
        for (int i = 0; i < 1_000; i++) {
            assertNotNull(registry.find(host("shop")));
        }
        assertEquals(before, Questions.asked());
    }
}

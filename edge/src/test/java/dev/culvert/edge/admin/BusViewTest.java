package dev.culvert.edge.admin;

import static dev.culvert.edge.testkit.Nodes.await;
import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.HazelcastRegistry;
import dev.culvert.edge.registry.RegistryOptions;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.Nodes.Node;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two nodes with event buses of their own. */
class BusViewTest {
    private static Nodes nodes;
    private static HazelcastRegistry registryA;
    private static HazelcastRegistry registryB;

    @BeforeAll
    static void start() {
        nodes = Nodes.start(2);
        registryA = registry(nodes.get(0));
        registryB = registry(nodes.get(1));
    }

    @AfterAll
    static void stop() {
        await(registryA.close());
        await(registryB.close());
        nodes.close();
    }

    @Test
    void eachNodeShowsBoth() {
        BusView a = view(nodes.get(0), registryA);
        BusView b = view(nodes.get(1), registryB);

        assertEquals(ids(), seenBy(a, "id"));
        assertEquals(ids(), seenBy(b, "id"));
        assertEquals(List.of(false, false), seenBy(a, "silent"));
        assertEquals(1, seenBy(a, "here").stream().filter(Boolean.TRUE::equals).count());
        // In the node's own words.
        assertTrue(seenBy(a, "label").contains("label-" + nodes.get(1).id()));

        await(a.close());
        await(b.close());
    }

    @Test
    void nodeThatDoesNotAnswerIsShownAsSilentWithWhatItSaidLast() {
        AtomicBoolean ready = new AtomicBoolean(true);
        BusView a = view(nodes.get(0), registryA);
        BusView b = await(
                BusView.start(nodes.get(1).vertx(), AdminParts.node(nodes.get(1).id(), registryB, ready::get)));
        assertEquals(List.of(false, false), seenBy(a, "silent"));

        await(b.close());

        Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> seenBy(a, "silent")
                .contains(true));
        assertTrue(seenBy(a, "label").contains("label-" + nodes.get(1).id()));
        await(a.close());
    }

    @Test
    void questionOfANewerReleaseIsRefusedAndNothingBreaks() {
        BusView b = view(nodes.get(1), registryB);
        String address = "culvert.node.%s.admin".formatted(nodes.get(1).id());

        assertThrows(
                AssertionError.class,
                () -> await(nodes.get(0).vertx().eventBus().request(address, new JsonObject().put("ask", "dance"))));

        BusView a = view(nodes.get(0), registryA);
        assertFalse(seenBy(a, "silent").contains(true));
        await(a.close());
        await(b.close());
    }

    @Test
    void tunnelIsTakenAwayAtTheNodeThatHoldsIt() {
        BusView a = view(nodes.get(0), registryA);
        BusView b = view(nodes.get(1), registryB);
        TunnelKey key = TunnelKey.ofHost("shop.localhost");

        // Nobody has it there: there is nothing to do, and that is said.
        await(a.takeAway(nodes.get(1).id(), key, "a test"));

        await(b.close());
        assertThrows(AssertionError.class, () -> await(a.takeAway(nodes.get(1).id(), key, "a test")));
        await(a.close());
    }

    @Test
    void whatANodeSaysOfItselfSurvivesTheWay() {
        TunnelKey key = TunnelKey.ofHost("shop.localhost");
        NodeStatus said = AdminParts.status(
                "n1", Map.of(key, new Traffic.Counts(1, 2, 3, 4_000_000_000L)), Map.of("l1", "[::1]:9"));

        NodeStatus heard = NodeStatus.of(
                new JsonObject(said.toJson().put("news", "of a later release").toBuffer()));

        assertEquals(said, heard);
    }

    /** What nodes of other releases ask, and what they read of the answer. */
    @Test
    void questionsOfAnotherReleaseAreAnsweredAtTheSameAddress() {
        BusView b = view(nodes.get(1), registryB);
        String id = nodes.get(1).id();
        String address = "culvert.node." + id + ".admin";

        Buffer status = (Buffer)
                await(nodes.get(0).vertx().eventBus().request(address, new JsonObject("{\"ask\": \"status\"}")))
                        .body();
        Object taken = await(nodes.get(0).vertx().eventBus().request(address, new JsonObject("""
                                {"ask": "take-away", "tunnel": "host:shop.localhost", "why": "a test"}
                                """)))
                .body();

        assertEquals(id, new JsonObject(status).getString("id"), WHAT_TO_DO);
        assertEquals(new JsonObject(), taken, WHAT_TO_DO);
        await(b.close());
    }

    @Test
    void whatANodeSaysOfItselfIsReadByNodesOfOtherReleases() {
        String json = """
                {
                  "id": "n1",
                  "label": "label-n1",
                  "address": "127.0.0.1:7080",
                  "version": "1.2.3",
                  "since": "1970-01-01T00:00:05Z",
                  "draining": false,
                  "silent": false,
                  "lanes": 7,
                  "streams": 8,
                  "relayed": 9,
                  "visitors": 1,
                  "requests": 2,
                  "bytesIn": 3,
                  "bytesOut": 4000000000,
                  "tunnels": {"host:shop.localhost": [1, 2, 3, 4000000000]},
                  "agents": {"l1": "[::1]:9"}
                }
                """;
        NodeStatus status = AdminParts.status(
                "n1",
                Map.of(TunnelKey.ofHost("shop.localhost"), new Traffic.Counts(1, 2, 3, 4_000_000_000L)),
                Map.of("l1", "[::1]:9"));

        assertEquals(new JsonObject(json), new JsonObject(status.toJson().toBuffer()), WHAT_TO_DO);
        assertEquals(status, NodeStatus.of(new JsonObject(json)), WHAT_TO_DO);
    }

    private static List<String> ids() {
        return List.of(nodes.get(0).id(), nodes.get(1).id()).stream().sorted().toList();
    }

    private static List<Object> seenBy(BusView view, String field) {
        return await(view.look()).toJson().stream()
                .map(node -> ((JsonObject) node).getValue(field))
                .toList();
    }

    private static BusView view(Node node, HazelcastRegistry registry) {
        return await(BusView.start(node.vertx(), AdminParts.node(node.id(), registry, () -> true)));
    }

    private static HazelcastRegistry registry(Node node) {
        return await(HazelcastRegistry.start(node.vertx(), node.member(), RegistryOptions.DEFAULT));
    }
}

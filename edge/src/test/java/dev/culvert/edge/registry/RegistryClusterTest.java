package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.wire.Bound;
import io.vertx.core.Future;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes in one JVM. */
class RegistryClusterTest {
    /** More than twice as many as are swept or asserted at once. */
    private static final int MANY = 2 * Bulk.MOST_AT_ONCE + 300;

    private Cluster cluster;
    private Cluster.Node one;
    private Cluster.Node two;

    @BeforeEach
    void start() {
        cluster = new Cluster();
        one = cluster.join();
        two = cluster.join();
        await().until(() -> one.registry().nodes() == 2 && two.registry().nodes() == 2);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void nodesHaveIdsOfTheirOwn() {
        assertNotEquals(one.id(), two.id());
    }

    @Test
    void aBindOnOneNodeIsFoundOnTheOther() {
        Tunnel bound = await(one.registry().bind(request("shop", "ann", one.claim("lane-1", "agent-1"))))
                .tunnel();
        // At once by a question, and soon without one.
        assertEquals(bound, await(two.registry().confirm(host("shop"))).orElseThrow());
        await().untilAsserted(() -> assertEquals(bound, two.registry().find(host("shop"))));
    }

    @Test
    void whoWasToldThatNobodyHasANameFindsItTheMomentItsBindIsOver() {
        for (int i = 0; i < 200; i++) {
            TunnelKey key = host("shop-" + i);
            assertEquals(Optional.empty(), await(two.registry().confirm(key)));

            await(one.registry().bind(request("shop-" + i, "ann", one.claim("lane-" + i, "agent-1"))));

            assertNotNull(two.registry().find(key), key.value());
        }
    }

    @Test
    void aNodeThatHearsNothingHoldsUpABindForAWhileAndNotForEver() throws Exception {
        var news = two.member().hazelcast().getExecutorService(News.EXECUTOR);
        var busy = news.submitToMember(
                new Busy(), two.member().hazelcast().getCluster().getLocalMember());
        try {
            Busy.BEGUN.acquire();
            Claim claim = one.claim("lane-1", "agent-1");
            Tunnel bound =
                    await(one.registry().bind(request("shop", "ann", claim))).tunnel();

            assertEquals(Set.of(claim), bound.claims());
            assertFalse(busy.isDone());
        } finally {
            Busy.END.release();
        }
        assertTrue(busy.get(10, TimeUnit.SECONDS));
    }

    /** Keeps the thread that news are heard on. */
    private static final class Busy implements Callable<Boolean>, Serializable {
        static final Semaphore BEGUN = new Semaphore(0);
        static final Semaphore END = new Semaphore(0);

        @Override
        public Boolean call() throws InterruptedException {
            BEGUN.release();
            END.acquire();
            return true;
        }
    }

    @Test
    void aClaimIsLeftToAnotherNodeOnlyWhenThatHasOne() {
        Claim first = one.claim("lane-1", "agent-1");
        Claim second = two.claim("lane-2", "agent-1");
        Set<Claim> told = ConcurrentHashMap.newKeySet();
        one.registry().onClaims(new Registry.ClaimListener() {
            @Override
            public void granted(Registry.Request request) {
                told.add(request.claim());
            }

            @Override
            public void gone(Registry.Request request) {
                told.remove(request.claim());
            }
        });
        await(one.registry().bind(request("shop", "ann", first)));
        assertFalse(await(one.registry().handOver(host("shop"), first)));
        assertEquals(Set.of(first), told);
        assertEquals(Set.of(first), one.registry().find(host("shop")).claims());

        await(two.registry().bind(request("shop", "ann", second)));
        assertTrue(await(one.registry().handOver(host("shop"), first)));

        assertEquals(Set.of(), told, "a node tells of its own claims, and of those it has");
        assertEquals(Set.of(second), one.registry().find(host("shop")).claims());
        assertFalse(await(two.registry().handOver(host("shop"), second)), "one of the two has to stay");
        await().untilAsserted(() ->
                assertEquals(Set.of(second), two.registry().find(host("shop")).claims()));
    }

    @Test
    void eachNodeAddsItsClaimOfTheSameAgent() {
        await(one.registry().bind(request("shop", "ann", one.claim("lane-1", "agent-1"))));
        Tunnel bound = await(two.registry().bind(request("shop", "ann", two.claim("lane-2", "agent-1"))))
                .tunnel();
        assertEquals(Set.of(one.claim("lane-1", "agent-1"), two.claim("lane-2", "agent-1")), bound.claims());
        await().untilAsserted(() -> assertEquals(bound, one.registry().find(host("shop"))));
    }

    @Test
    void aNameHasOneOwnerInTheWholeCluster() {
        await(one.registry().bind(request("shop", "ann", one.claim("lane-1", "agent-1"))));
        NameRefusedException refusal = assertThrows(
                NameRefusedException.class,
                () -> await(two.registry().bind(request("shop", "bob", two.claim("lane-2", "agent-2")))));
        assertEquals(Bound.Code.NAME_TAKEN, refusal.code());
    }

    @Test
    void aNewNodeKnowsEveryNameWhenItIsReady() {
        List<Future<Registry.Grant>> binds = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            binds.add(one.registry().bind(request("name-" + i, "ann", one.claim("lane-1", "agent-1"))));
        }
        await(Future.all(binds));
        Cluster.Node three = cluster.join();
        for (int i = 0; i < 200; i++) {
            assertEquals(binds.get(i).result().tunnel(), three.registry().find(host("name-" + i)));
        }
    }

    @Test
    void claimsOfADeadNodeDoNotCountAndAreSwept() {
        Claim survivor = one.claim("lane-1", "agent-1");
        await(one.registry().bind(request("both", "ann", survivor)));
        await(two.registry().bind(request("both", "ann", two.claim("lane-2", "agent-1"))));
        await(two.registry().bind(request("dead", "ann", two.claim("lane-2", "agent-1"))));

        two.die();

        await().until(() -> one.registry().nodes() == 1);
        assertEquals(Set.of(survivor), one.registry().find(host("both")).claims());
        // Swept from the map itself, and reserved for the owner from then on.
        await().untilAsserted(() -> {
            Tunnel dead = one.registry().map().get(host("dead").value()).tunnel();
            assertEquals(Set.of(), dead.claims());
            assertEquals(cluster.clock.millis() + Cluster.OPTIONS.grace().toMillis(), dead.reservedUntilMillis());
            assertEquals(
                    Set.of(survivor),
                    one.registry().map().get(host("both").value()).tunnel().claims());
        });
        NameRefusedException refusal = assertThrows(
                NameRefusedException.class,
                () -> await(one.registry().bind(request("dead", "bob", one.claim("lane-3", "agent-2")))));
        assertEquals(Bound.Code.NAME_TAKEN, refusal.code());
    }

    /** Their claims are swept, but the names are in the backups, whichever node kept them. */
    @Test
    void namesThatOnlyADeadNodeHeldStayReserved() {
        for (int i = 0; i < 30; i++) {
            await(two.registry().bind(request("name-" + i, "ann", two.claim("lane-" + i, "agent-1"))));
        }
        two.die();
        await().untilAsserted(() -> {
            for (int i = 0; i < 30; i++) {
                StoredTunnel stored = one.registry().map().get(host("name-" + i).value());
                assertEquals("ann", stored.tunnel().owner());
                assertEquals(Set.of(), stored.tunnel().claims());
            }
        });
    }

    @Test
    void allThatADeadNodeHeldIsSweptHoweverManyNamesThatAre() {
        bindMany(two);

        two.die();

        await().atMost(1, TimeUnit.MINUTES).untilAsserted(() -> {
            assertEquals(MANY, one.registry().map().size());
            for (StoredTunnel stored : one.registry().map().values()) {
                assertEquals(Set.of(), stored.tunnel().claims());
            }
        });
    }

    @Test
    void allClaimsThatWereSweptByMistakeAreAssertedAgainHoweverManyTheyAre() {
        bindMany(one);

        await(Future.all(two.registry().map().keySet().stream()
                .map(key -> Future.fromCompletionStage(
                        two.registry().map().submitToKey(key, new SweepChange(Set.of(two.id()), Long.MAX_VALUE))))
                .toList()));

        await().atMost(1, TimeUnit.MINUTES).untilAsserted(() -> {
            for (StoredTunnel stored : two.registry().map().values()) {
                assertEquals(
                        Set.of(one.claim("lane-1", "agent-1")), stored.tunnel().claims());
            }
        });
    }

    private static void bindMany(Cluster.Node node) {
        List<Future<Registry.Grant>> bound = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            bound.add(node.registry().bind(request("name-" + i, "ann", node.claim("lane-1", "agent-1"))));
        }
        await(Future.all(bound));
    }

    @Test
    void noNameIsLostWithTheNodeThatKeptIt() {
        for (int i = 0; i < 50; i++) {
            await(two.registry().bind(request("name-" + i, "ann", two.claim("lane-" + i, "agent-1"))));
            await(one.registry().bind(request("name-" + i, "ann", one.claim("lane-" + i, "agent-1"))));
        }
        await().until(one.member().hazelcast().getPartitionService()::isClusterSafe); // The copies are made.
        one.die();
        await().until(() -> two.registry().nodes() == 1);
        for (int i = 0; i < 50; i++) {
            Tunnel tunnel = await(two.registry().confirm(host("name-" + i))).orElseThrow();
            assertEquals(Set.of(two.claim("lane-" + i, "agent-1")), tunnel.claims());
            assertEquals(tunnel, two.registry().find(host("name-" + i)));
        }
    }

    @Test
    void aClaimThatWasSweptByMistakeIsAssertedAgain() {
        Claim claim = one.claim("lane-1", "agent-1");
        await(one.registry().bind(request("shop", "ann", claim)));
        // As the other half of a split does, which does not see this node.
        two.registry().map().executeOnKey(host("shop").value(), new SweepChange(Set.of(two.id()), Long.MAX_VALUE));
        await().untilAsserted(() -> assertEquals(
                Set.of(claim),
                two.registry().map().get(host("shop").value()).tunnel().claims()));
        assertEquals(Set.of(claim), one.registry().find(host("shop")).claims());
    }

    @Test
    void aClaimThatCameToNothingIsLost() throws Exception {
        BlockingQueue<Map.Entry<TunnelKey, Claim>> lost = new LinkedBlockingQueue<>();
        one.registry().onLost((key, claim) -> lost.add(Map.entry(key, claim)));
        Claim claim = one.claim("lane-1", "agent-1");
        await(one.registry().bind(request("shop", "ann", claim)));
        // As the merge after a split does, when the other half's ownership is older.
        Tunnel older = new Tunnel(host("shop"), "bob", 1, "http", ALONE, Set.of(two.claim("lane-2", "agent-2")), 0);
        two.registry().map().set(host("shop").value(), new StoredTunnel(older, 7));

        assertEquals(Map.entry(host("shop"), claim), lost.poll(10, TimeUnit.SECONDS));
        assertEquals(older, one.registry().find(host("shop")));
        assertTrue(lost.isEmpty());
    }

    @Test
    void aNameThatWasGivenBackOnOneNodeIsNotTakenByATicketOnAnother() {
        String ticket = await(one.registry().bind(request("shop", "ann", one.claim("lane-1", "agent-1"))))
                .ticket();
        await(two.registry().bind(request("shop", "ann", two.claim("lane-2", "agent-1"))));
        await(one.registry().giveUp(host("shop"), one.claim("lane-1", "agent-1")));
        await(two.registry().giveUp(host("shop"), two.claim("lane-2", "agent-1")));
        await(two.registry().bind(request("shop", "bob", two.claim("lane-3", "agent-2"))));

        assertTaken(one, "shop", ticket);
        assertTaken(two, "shop", ticket);
    }

    @Test
    void whatWasGivenBackIsKnownWhenANodeHasDied() {
        List<String> tickets = new ArrayList<>();
        for (int i = 0; i < 30; i++) { // So that each node keeps some of it.
            Claim claim = one.claim("lane-" + i, "agent-1");
            tickets.add(await(one.registry().bind(request("name-" + i, "ann", claim)))
                    .ticket());
            await(one.registry().giveUp(host("name-" + i), claim));
            await(two.registry().bind(request("name-" + i, "bob", two.claim("lane-" + i, "agent-2"))));
        }
        await().until(one.member().hazelcast().getPartitionService()::isClusterSafe); // The copies are made.

        one.die();

        await().until(() -> two.registry().nodes() == 1);
        for (int i = 0; i < 30; i++) {
            assertTaken(two, "name-" + i, tickets.get(i));
        }
    }

    private static void assertTaken(Cluster.Node node, String name, String ticket) {
        Registry.Request asked = request(name, "ann", node.claim("lane-9", "agent-1"), ALONE, ticket);
        NameRefusedException refusal = assertThrows(
                NameRefusedException.class, () -> await(node.registry().bind(asked)));
        assertEquals(Bound.Code.NAME_TAKEN, refusal.code());
        assertEquals(
                "bob", await(node.registry().confirm(host(name))).orElseThrow().owner());
    }

    @Test
    void ticketsOfOneNodeAreGoodOnTheOther() {
        String ticket = await(one.registry().bind(request("shop", "ann", one.claim("lane-1", "agent-1"))))
                .ticket();
        assertTrue(two.registry()
                .secret()
                .tickets()
                .proof(ticket, host("shop"), "ann", cluster.clock.millis())
                .isPresent());
    }
}

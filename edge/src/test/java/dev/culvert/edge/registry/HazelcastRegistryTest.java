package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.POOL;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.DistributedObject;
import com.hazelcast.core.HazelcastInstance;
import dev.culvert.wire.Bound;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** One node on a Hazelcast of its own. */
class HazelcastRegistryTest {
    private static final Duration GRACE = Cluster.OPTIONS.grace();

    private static Cluster cluster;
    private static Cluster.Node node;
    private static HazelcastRegistry registry;

    /** A name of the test's own, because all share one registry. */
    private String name;

    @BeforeAll
    static void start() {
        cluster = new Cluster();
        // With the same secret each time, so that no two names here ever share a place where they are given back.
        node = cluster.join(new RegistryOptions(
                GRACE,
                Cluster.OPTIONS.sweepInterval(),
                Cluster.OPTIONS.questionsPerSecond(),
                Cluster.OPTIONS.roomBytes(),
                dev.culvert.config.Secret.of("the test's own secret")));
        registry = node.registry();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void chooseName(TestInfo test) {
        name = test.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
    }

    @Test
    void aFreeNameBecomesTheOwners() {
        Registry.Grant grant = bind("ann", node.claim("lane-1", "agent-1"));
        assertEquals("ann", grant.tunnel().owner());
        assertEquals(Set.of(node.claim("lane-1", "agent-1")), grant.tunnel().claims());
        assertEquals(ALONE, grant.tunnel().policy());
        assertEquals("http", grant.tunnel().kind());
        assertEquals(cluster.clock.millis(), grant.tunnel().ownedSinceMillis());
    }

    @Test
    void aBindIsFoundOnThisNodeBeforeItsFutureCompletes() throws Exception {
        BlockingQueue<Optional<Tunnel>> found = new LinkedBlockingQueue<>();
        registry.bind(request(name, "ann", node.claim("lane-1", "agent-1")))
                .onSuccess(grant -> found.add(Optional.ofNullable(registry.find(host(name)))));
        assertTrue(found.poll(10, TimeUnit.SECONDS).isPresent());
    }

    @Test
    void anotherOwnerIsRefusedInWords() {
        bind("ann", node.claim("lane-1", "agent-1"));
        NameRefusedException refusal = refused(request(name, "bob", node.claim("lane-2", "agent-2")));
        assertEquals(Bound.Code.NAME_TAKEN, refusal.code());
        assertEquals(name + ".tunnel.example belongs to somebody else", refusal.getMessage());
        assertEquals("ann", registry.find(host(name)).owner());
    }

    @Test
    void ofAHundredOwnersAtOnceExactlyOneWins() {
        List<Future<Registry.Grant>> binds = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            binds.add(registry.bind(request(name, "owner-" + i, node.claim("lane-" + i, "agent-" + i))));
        }
        await(Future.join(binds).otherwiseEmpty());
        List<Future<Registry.Grant>> won =
                binds.stream().filter(Future::succeeded).toList();
        assertEquals(1, won.size());
        binds.stream()
                .filter(Future::failed)
                .forEach(lost -> assertEquals(
                        Bound.Code.NAME_TAKEN,
                        assertInstanceOf(NameRefusedException.class, lost.cause())
                                .code()));
        assertEquals(won.get(0).result().tunnel(), registry.find(host(name)));
    }

    @Test
    void theSameInstanceReplacesItsClaimOnTheSameNode() {
        bind("ann", node.claim("lane-1", "agent-1"));
        Registry.Grant again = bind("ann", node.claim("lane-2", "agent-1"));
        assertEquals(Set.of(node.claim("lane-2", "agent-1")), again.tunnel().claims());
        // The old lane ends after the new one stands: that takes nothing away.
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        assertEquals(again.tunnel(), registry.find(host(name)));
    }

    @Test
    void listenerHearsOfEachClaimOnceAndWhenItIsGone() {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        registry.onClaims(new Registry.ClaimListener() {
            @Override
            public void granted(Registry.Request request) {
                hear("granted ", request);
            }

            @Override
            public void gone(Registry.Request request) {
                hear("gone ", request);
            }

            private void hear(String what, Registry.Request request) {
                if (request.key().equals(host(name))) {
                    heard.add(what + request.claim().lane());
                }
            }
        });
        Claim first = node.claim("lane-1", "agent-1");
        Claim second = node.claim("lane-2", "agent-1");

        bind("ann", first);
        bind("ann", first);
        refused(request(name, "bob", node.claim("lane-3", "agent-3")));
        bind("ann", second); // In the place of the first.
        await(registry.release(host(name), first));
        await(registry.release(host(name), second));
        await(registry.giveUp(host(name), second));

        assertEquals(List.of("granted lane-1", "gone lane-1", "granted lane-2", "gone lane-2"), List.copyOf(heard));
    }

    /** The event of each bind reaches this node before or after its answer; neither may bring the old claim back. */
    @Test
    void ofManyBindsOfOneInstanceTheLastClaimStays() {
        for (int i = 0; i < 300; i++) {
            bind("ann", node.claim("lane-" + i, "agent-1"));
        }
        Set<Claim> last = Set.of(node.claim("lane-299", "agent-1"));
        assertEquals(last, registry.find(host(name)).claims());
        assertEquals(last, await(registry.confirm(host(name))).orElseThrow().claims());
    }

    @Test
    void aClaimOfOursThatNobodyHereKnowsIsTakenBack() throws Exception {
        Claim claim = node.claim("lane-1", "agent-1");
        bind("ann", claim);
        // As a merge does, when the other half had not heard yet that the lane ended.
        Claim ended = node.claim("lane-0", "agent-0");
        Tunnel tunnel = registry.find(host(name)).heldBy(Set.of(claim, ended), 0);
        registry.map().set(host(name).value(), new StoredTunnel(tunnel, 7));
        // Until this node has heard of it; a sweep may be first.
        await().until(() -> {
            registry.assertAllAgain();
            return await(registry.confirm(host(name))).orElseThrow().claims().equals(Set.of(claim));
        });
        await().untilAsserted(() ->
                assertEquals(Set.of(claim), registry.find(host(name)).claims()));
    }

    @Test
    void theSameInstanceOnAnotherNodeAddsAClaim() {
        bind("ann", node.claim("lane-1", "agent-1"));
        Claim elsewhere = new Claim("another-node", "lane-2", "agent-1");
        Registry.Grant second = bind("ann", elsewhere);
        assertEquals(
                Set.of(node.claim("lane-1", "agent-1"), elsewhere),
                second.tunnel().claims());
        // But what is said of a node that is no member does not count.
        assertEquals(
                Set.of(node.claim("lane-1", "agent-1")),
                registry.find(host(name)).claims());
    }

    @Test
    void anotherInstanceIsRefusedUnlessBothPool() {
        await(registry.bind(request(name, "ann", node.claim("lane-1", "agent-1"), POOL, null)));
        NameRefusedException refusal = refused(request(name, "ann", node.claim("lane-2", "agent-2"), ALONE, null));
        assertEquals(Bound.Code.NAME_IN_USE, refusal.code());
        assertTrue(refusal.getMessage().contains("start both with --pool to share it"), refusal.getMessage());
        Tunnel shared = await(registry.bind(request(name, "ann", node.claim("lane-2", "agent-2"), POOL, null)))
                .tunnel();
        assertEquals(Set.of(node.claim("lane-1", "agent-1"), node.claim("lane-2", "agent-2")), shared.claims());
    }

    @Test
    void anotherInstanceCannotPoolWithOneThatDoesNot() {
        bind("ann", node.claim("lane-1", "agent-1"));
        assertEquals(
                Bound.Code.NAME_IN_USE,
                refused(request(name, "ann", node.claim("lane-2", "agent-2"), POOL, null))
                        .code());
    }

    @Test
    void oneAgentMoreThanANameHasRoomForIsRefusedInWords() {
        List<Future<Registry.Grant>> binds = new ArrayList<>();
        for (int i = 0; i < BindChange.MOST_CLAIMS; i++) {
            binds.add(registry.bind(request(name, "ann", node.claim("lane-" + i, "agent-" + i), POOL, null)));
        }
        await(Future.all(binds));

        NameRefusedException refusal = refused(request(name, "ann", node.claim("one", "more"), POOL, null));

        assertEquals(Bound.Code.NAME_IN_USE, refusal.code());
        assertTrue(refusal.getMessage().contains("on 256 lanes already"), refusal.getMessage());
    }

    @Test
    void aPoolCarriesOneKindOnly() {
        await(registry.bind(request(name, "ann", node.claim("lane-1", "agent-1"), POOL, null)));
        NameRefusedException refusal = refused(
                new Registry.Request(host(name), "ann", "tls", POOL, node.claim("lane-2", "agent-2"), null, false));
        assertEquals(Bound.Code.NAME_IN_USE, refusal.code());
        assertTrue(refusal.getMessage().contains("another kind of tunnel"), refusal.getMessage());
    }

    @Test
    void aReleasedNameIsReservedForItsOwnerAndThenFree() {
        bind("ann", node.claim("lane-1", "agent-1"));
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        Tunnel reserved = registry.find(host(name));
        assertEquals(Set.of(), reserved.claims());
        assertEquals(cluster.clock.millis() + GRACE.toMillis(), reserved.reservedUntilMillis());
        assertEquals(
                Bound.Code.NAME_TAKEN,
                refused(request(name, "bob", node.claim("lane-2", "agent-2"))).code());

        cluster.clock.pass(GRACE.minusMillis(1));
        assertNotNull(registry.find(host(name)));
        cluster.clock.pass(Duration.ofMillis(1));
        assertNull(registry.find(host(name)));
        assertEquals(
                "bob", bind("bob", node.claim("lane-2", "agent-2")).tunnel().owner());
    }

    @Test
    void anOwnerComesBackWithinTheGraceAndKeepsItsOwnership() {
        long since = bind("ann", node.claim("lane-1", "agent-1")).tunnel().ownedSinceMillis();
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        cluster.clock.pass(GRACE.dividedBy(2));
        Tunnel back = bind("ann", node.claim("lane-2", "agent-2")).tunnel();
        assertEquals(since, back.ownedSinceMillis());
        assertEquals(0, back.reservedUntilMillis());
    }

    @Test
    void aNameWhoseGraceIsOverLeavesTheMap() {
        bind("ann", node.claim("lane-1", "agent-1"));
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        assertTrue(registry.map().containsKey(host(name).value()));
        cluster.clock.pass(GRACE);
        await().until(() -> !registry.map().containsKey(host(name).value()));
        await().until(() -> !registry.local().knows(host(name)));
    }

    @Test
    void aNameThatIsGivenUpIsFreeAtOnce() {
        bind("ann", node.claim("lane-1", "agent-1"));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        assertEquals(
                "bob", bind("bob", node.claim("lane-2", "agent-2")).tunnel().owner());
    }

    @Test
    void aNameThatIsGivenUpLeavesTheMap() {
        bind("ann", node.claim("lane-1", "agent-1"));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        assertFalse(registry.map().containsKey(host(name).value()));
        await().until(() -> registry.find(host(name)) == null); // Its events may come behind the answer.
    }

    @Test
    void freeingEndsAReservationAndLeavesANameThatIsServed() {
        bind("ann", node.claim("lane-1", "agent-1"));
        assertFalse(await(registry.free(host(name))));
        assertEquals("ann", registry.find(host(name)).owner());

        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        assertNotNull(registry.find(host(name)));
        assertTrue(await(registry.free(host(name))));

        await().until(() -> registry.find(host(name)) == null);
        assertTrue(await(registry.free(host(name))));
    }

    @Test
    void givingUpOneOfTwoClaimsKeepsTheOther() {
        await(registry.bind(request(name, "ann", node.claim("lane-1", "agent-1"), POOL, null)));
        await(registry.bind(request(name, "ann", node.claim("lane-2", "agent-2"), POOL, null)));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        assertEquals(
                Set.of(node.claim("lane-2", "agent-2")),
                registry.find(host(name)).claims());
    }

    @Test
    void aClaimThatIsTakenBackWhileItIsAskedForDoesNotStay() throws Exception {
        Claim claim = node.claim("lane-1", "agent-1");
        Future<Registry.Grant> bind = registry.bind(request(name, "ann", claim));
        await(registry.release(host(name), claim));
        await(bind.otherwiseEmpty());
        await().until(() -> registry.find(host(name)) == null
                || registry.find(host(name)).claims().isEmpty());
        registry.assertAllAgain();
        assertTrue(await(registry.confirm(host(name)))
                .map(Tunnel::claims)
                .orElse(Set.of())
                .isEmpty());
    }

    @Test
    void aTicketTakesTheNameBackFromALaterOwnerWhoIsTold() throws Exception {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        cluster.clock.pass(GRACE.plusSeconds(1));
        bind("bob", node.claim("lane-2", "agent-2"));
        BlockingQueue<Map.Entry<TunnelKey, Claim>> lost = new LinkedBlockingQueue<>();
        registry.onLost((key, claim) -> lost.add(Map.entry(key, claim)));

        Tunnel back = await(registry.bind(request(name, "ann", node.claim("lane-3", "agent-1"), ALONE, ticket)))
                .tunnel();

        assertEquals("ann", back.owner());
        assertEquals(Set.of(node.claim("lane-3", "agent-1")), back.claims());
        assertEquals(Map.entry(host(name), node.claim("lane-2", "agent-2")), lost.poll(10, TimeUnit.SECONDS));
        assertEquals(back, registry.find(host(name)));
    }

    @Test
    void aNameThatWasGivenBackIsNotTakenFromItsNextOwnerByATicketFromBefore() {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        cluster.clock.pass(Duration.ofHours(1));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        bind("bob", node.claim("lane-2", "agent-2"));

        assertTakenDespite(ticket);
    }

    @Test
    void aNameThatTheOperatorFreedIsNotTakenFromItsNextOwnerByATicketFromBefore() {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        await(registry.release(host(name), node.claim("lane-1", "agent-1")));
        await(registry.free(host(name)));
        bind("bob", node.claim("lane-2", "agent-2"));

        assertTakenDespite(ticket);
    }

    /** The next owner may have gone as well, and somebody else have the name. */
    @Test
    void aTicketFromBeforeTakesTheNameFromNoLaterOwner() {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        bind("carol", node.claim("lane-4", "agent-4"));
        await(registry.release(host(name), node.claim("lane-4", "agent-4")));
        cluster.clock.pass(GRACE.plusSeconds(1));
        bind("bob", node.claim("lane-2", "agent-2"));

        assertTakenDespite(ticket);
    }

    @Test
    void whoGivesANameBackAndHasItAgainHasItSinceThen() {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        cluster.clock.pass(GivenBack.CLOCKS_APART.plusMillis(1));

        Registry.Grant again =
                await(registry.bind(request(name, "ann", node.claim("lane-3", "agent-1"), ALONE, ticket)));

        assertEquals(cluster.clock.millis(), again.tunnel().ownedSinceMillis());
        lapse(node.claim("lane-3", "agent-1"));
        bind("bob", node.claim("lane-2", "agent-2"));
        assertTakes(again.ticket());
    }

    @Test
    void whatAnotherOwnerGivesBackLeavesATicketAsGoodAsItWas() {
        String ticket = bind("ann", node.claim("lane-1", "agent-1")).ticket();
        lapse(node.claim("lane-1", "agent-1"));
        bind("carol", node.claim("lane-4", "agent-4"));
        await(registry.giveUp(host(name), node.claim("lane-4", "agent-4")));
        bind("bob", node.claim("lane-2", "agent-2"));

        assertTakes(ticket);
    }

    @Test
    void oneOfAPoolThatLeavesGivesNothingBack() {
        String ticket = await(registry.bind(request(name, "ann", node.claim("lane-1", "agent-1"), POOL, null)))
                .ticket();
        await(registry.bind(request(name, "ann", node.claim("lane-2", "agent-2"), POOL, null)));
        await(registry.giveUp(host(name), node.claim("lane-2", "agent-2")));
        lapse(node.claim("lane-1", "agent-1"));
        bind("bob", node.claim("lane-2", "agent-2"));

        assertTakes(ticket);
    }

    /** Its agent is long gone: what it says late must not free what somebody else has reserved. */
    @Test
    void aClaimThatIsGoneGivesNothingBack() {
        bind("bob", node.claim("lane-2", "agent-2"));
        await(registry.release(host(name), node.claim("lane-2", "agent-2")));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));

        assertEquals("bob", await(registry.confirm(host(name))).orElseThrow().owner());
    }

    private void lapse(Claim claim) {
        await(registry.release(host(name), claim));
        cluster.clock.pass(GRACE.plusSeconds(1));
    }

    private void assertTakes(String ticket) {
        Tunnel taken = await(registry.bind(request(name, "ann", node.claim("lane-9", "agent-1"), ALONE, ticket)))
                .tunnel();
        assertEquals("ann", taken.owner());
    }

    private void assertTakenDespite(String ticket) {
        assertEquals(
                Bound.Code.NAME_TAKEN,
                refused(request(name, "ann", node.claim("lane-9", "agent-1"), ALONE, ticket))
                        .code());
        assertEquals("bob", await(registry.confirm(host(name))).orElseThrow().owner());
    }

    @Test
    void aTicketOfALaterOwnershipTakesNothing() {
        bind("bob", node.claim("lane-2", "agent-2"));
        Tunnel later = owned("ann", cluster.clock.millis() + 1);
        String ticket = registry.secret().tickets().issue(later, cluster.clock.millis());
        assertEquals(
                Bound.Code.NAME_TAKEN,
                refused(request(name, "ann", node.claim("lane-3", "agent-1"), ALONE, ticket))
                        .code());
    }

    @Test
    void aForgedTicketIsAsGoodAsNone() {
        bind("bob", node.claim("lane-2", "agent-2"));
        String forged =
                new Tickets(dev.culvert.config.Secret.of("guessed")).issue(owned("ann", 1), cluster.clock.millis());
        assertEquals(
                Bound.Code.NAME_TAKEN,
                refused(request(name, "ann", node.claim("lane-1", "agent-1"), ALONE, forged))
                        .code());
        assertEquals(
                Bound.Code.NAME_TAKEN,
                refused(request(name, "ann", node.claim("lane-1", "agent-1"), ALONE, "nonsense"))
                        .code());
    }

    @Test
    void aNameThatWasJustMissedIsFoundOnceItIsBound() {
        assertEquals(Optional.empty(), await(registry.confirm(host(name))));
        bind("ann", node.claim("lane-1", "agent-1"));
        assertEquals("ann", await(registry.confirm(host(name))).orElseThrow().owner());
    }

    @Test
    void guessingNamesRunsIntoTheAllowance() {
        cluster.clock.pass(Duration.ofSeconds(1));
        List<Future<Optional<Tunnel>>> answers = new ArrayList<>();
        for (int i = 0; i <= Cluster.OPTIONS.questionsPerSecond(); i++) {
            answers.add(registry.confirm(host(name + i)));
        }
        Future<Optional<Tunnel>> last = answers.remove(answers.size() - 1);
        answers.forEach(answer -> assertEquals(Optional.empty(), await(answer)));
        assertThrows(RegistryBusyException.class, () -> await(last));
        // The next second has an allowance of its own.
        cluster.clock.pass(Duration.ofSeconds(1));
        assertEquals(Optional.empty(), await(registry.confirm(host(name))));
    }

    @Test
    void futuresCompleteOnTheCallersContext() throws Exception {
        Context context = cluster.vertx().getOrCreateContext();
        Promise<List<Context>> contexts = Promise.promise();
        context.runOnContext(start -> registry.bind(request(name, "ann", node.claim("lane-1", "agent-1")))
                .onComplete(bound -> {
                    Context afterBind = Vertx.currentContext();
                    registry.confirm(host(name))
                            .onComplete(confirmed -> contexts.complete(List.of(afterBind, Vertx.currentContext())));
                }));
        for (Context found : await(contexts.future())) {
            assertSame(context, found);
        }
    }

    @Test
    void tunnelsAreAllThatAreKnown() {
        bind("ann", node.claim("lane-1", "agent-1"));
        assertTrue(registry.tunnels().stream().anyMatch(tunnel -> tunnel.key().equals(host(name))));
        assertEquals(1, registry.nodes());
    }

    /** Nodes of other releases look there for the same things. */
    @Test
    void whatNodesShareIsAlwaysAtTheSamePlaces() {
        bind("ann", node.claim("lane-1", "agent-1"));
        await(registry.giveUp(host(name), node.claim("lane-1", "agent-1")));
        bind("bob", node.claim("lane-2", "agent-2"));
        HazelcastInstance hazelcast = node.member().hazelcast();

        Set<String> places = hazelcast.getDistributedObjects().stream()
                .map(DistributedObject::getName)
                .collect(Collectors.toSet());
        assertTrue(
                places.containsAll(Set.of("culvert.tunnels", "culvert.given-back", "culvert.secrets", "culvert.news")),
                () -> WHAT_TO_DO + "\nFound: " + places);
        StoredTunnel stored =
                hazelcast.<String, StoredTunnel>getMap("culvert.tunnels").get("host:" + name + ".tunnel.example");
        assertEquals("bob", stored.tunnel().owner(), WHAT_TO_DO);
        int place = new Tickets(dev.culvert.config.Secret.of("the test's own secret")).placeOf(host(name), "ann");
        assertEquals(
                cluster.clock.millis(), hazelcast.getMap("culvert.given-back").get(place), WHAT_TO_DO);
        assertEquals(node.id(), hazelcast.getCluster().getLocalMember().getAttribute("__vertx.nodeId"), WHAT_TO_DO);
    }

    @Test
    void textsOfTheClusterAreTheSameInAllReleases() {
        new ClusterTexts(node.member(), "a.purpose").put("a key", "a text");

        assertEquals(
                "a text", node.member().hazelcast().getMap("culvert.a.purpose").get("a key"), WHAT_TO_DO);
    }

    @Test
    void secretThatAnotherReleaseHasMadeUpSignsTickets() {
        HazelcastInstance hazelcast = node.member().hazelcast();
        String madeUp = "EjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vA=";
        hazelcast.getMap("culvert.secrets").put("tickets", madeUp);

        String ticket = new SharedSecret(hazelcast, null).tickets().issue(owned("ann", 1), 2);

        // The text itself is the secret, not what it stands for in Base64.
        assertEquals(new Tickets(dev.culvert.config.Secret.of(madeUp)).issue(owned("ann", 1), 2), ticket, WHAT_TO_DO);
    }

    private Tunnel owned(String owner, long sinceMillis) {
        return new Tunnel(host(name), owner, sinceMillis, "http", ALONE, Set.of(), 0);
    }

    private Registry.Grant bind(String owner, Claim claim) {
        return await(registry.bind(request(name, owner, claim)));
    }

    private static NameRefusedException refused(Registry.Request request) {
        return assertThrows(NameRefusedException.class, () -> await(registry.bind(request)));
    }
}

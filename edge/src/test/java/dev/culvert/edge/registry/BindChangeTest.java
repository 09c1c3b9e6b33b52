package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.POOL;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a bind decides, without a cluster around it. */
class BindChangeTest {
    private static final long NOW = 10_000;
    private static final Claim OLD = new Claim("node-1", "lane-1", "agent-1");
    private static final Claim NEW = new Claim("node-1", "lane-2", "agent-1");
    private static final Claim OF_ANOTHER = new Claim("node-2", "lane-3", "agent-2");

    @Test
    void claimsOfNodesThatHaveLeftCountForNothing() {
        Outcome outcome = new BindChange(request("shop", "ann", NEW), NOW, BindChange.UNPROVEN, Set.of("node-2"))
                .apply(host("shop"), held("ann", 500, OF_ANOTHER));
        assertEquals(Outcome.Verdict.DONE, outcome.verdict());
        assertEquals(Set.of(NEW), outcome.now().tunnel().claims());
    }

    /** It may have come a moment ago, and this node not have heard of it. */
    @Test
    void aNodeThatIsMerelyUnknownCounts() {
        Outcome outcome = new BindChange(request("shop", "ann", NEW), NOW, BindChange.UNPROVEN, Set.of())
                .apply(host("shop"), held("ann", 500, OF_ANOTHER));
        assertEquals(Outcome.Verdict.NOT_POOLED, outcome.verdict());
    }

    @ParameterizedTest
    @CsvSource({"499, DONE", "501, TAKEN", "9223372036854775807, TAKEN"})
    void onlyAnOlderProofTakesANameFromAnotherOwner(long provenSince, Outcome.Verdict verdict) {
        StoredTunnel before = held("bob", 500, OF_ANOTHER);
        Outcome outcome = proven(provenSince).against(new Ownership("bob", 500)).apply(host("shop"), before);
        assertEquals(verdict, outcome.verdict());
        assertEquals(
                verdict == Outcome.Verdict.DONE ? Set.of(NEW) : Set.of(OF_ANOTHER),
                outcome.now().tunnel().claims());
    }

    /** Who came after a ticket was looked at may have the name because its owner has given it back. */
    @Test
    void aProofCountsOnlyAgainstAnOwnerWhoWasSeenBefore() {
        StoredTunnel before = held("bob", 500, OF_ANOTHER);
        assertEquals(
                Outcome.Verdict.TAKEN, proven(77).apply(host("shop"), before).verdict());
        for (Ownership seen : new Ownership[] {new Ownership("bob", 499), new Ownership("carol", 500)}) {
            assertEquals(
                    Outcome.Verdict.TAKEN,
                    proven(77).against(seen).apply(host("shop"), before).verdict());
        }
    }

    @Test
    void aClaimThatWasGrantedIsOlderThanWhoeverCameSince() {
        assertEquals(
                Outcome.Verdict.DONE,
                again(OLD).apply(host("shop"), held("bob", 501, OF_ANOTHER)).verdict());
    }

    @Test
    void aProofMakesANewOwnershipAsOldAsItWas() {
        Outcome outcome = new BindChange(request("shop", "ann", NEW), NOW, 77, Set.of()).apply(host("shop"), null);
        assertEquals(77, outcome.now().tunnel().ownedSinceMillis());
    }

    @Test
    void theGraceOfAnotherOwnerIsKeptToTheMillisecond() {
        StoredTunnel reserved = new StoredTunnel(tunnel("bob", 500).heldBy(Set.of(), NOW + 1), 3);
        assertEquals(Outcome.Verdict.TAKEN, bindAt(NOW, reserved).verdict());
        assertEquals(Outcome.Verdict.DONE, bindAt(NOW + 1, reserved).verdict());
        assertEquals(4, bindAt(NOW + 1, reserved).now().revision());
    }

    @Test
    void aClaimThatIsStillThereIsNotAssertedTwice() {
        StoredTunnel before = held("ann", 500, OLD);
        assertSame(before, again(OLD).apply(host("shop"), before).now());
    }

    @Test
    void aClaimThatANewerLaneReplacedIsNotAssertedAgain() {
        StoredTunnel before = held("ann", 500, NEW);
        assertSame(before, again(OLD).apply(host("shop"), before).now());
    }

    @Test
    void assertingAgainLeavesThePolicyOfTheOthersAlone() {
        StoredTunnel before = new StoredTunnel(
                new Tunnel(host("shop"), "ann", 500, "http", POOL, Set.of(new Claim("node-2", "lane-2", "agent-1")), 0),
                1);
        Tunnel after = again(OLD).apply(host("shop"), before).now().tunnel();
        assertEquals(POOL, after.policy());
        assertEquals(2, after.claims().size());
    }

    @Test
    void oneOfAPoolCannotLetInOthersThanTheRest() {
        Tunnel.Policy strict = Requests.GUARDED_POOL;
        StoredTunnel before =
                new StoredTunnel(new Tunnel(host("shop"), "ann", 500, "http", strict, Set.of(OF_ANOTHER), 0), 1);

        assertEquals(Outcome.Verdict.OTHER_ADMISSION, pooled(POOL, before).verdict());
        assertEquals(before, pooled(POOL, before).now());
        assertEquals(2, pooled(strict, before).now().tunnel().claims().size());
    }

    @Test
    void oneOfAPoolThatMeansToChangesWhomAllOfThemLetIn() {
        Tunnel.Policy strict = Requests.GUARDED_POOL;
        StoredTunnel before =
                new StoredTunnel(new Tunnel(host("shop"), "ann", 500, "http", POOL, Set.of(OLD, OF_ANOTHER), 0), 1);

        Tunnel after = changing(strict, before).now().tunnel();

        assertEquals(strict, after.policy());
        assertEquals(Set.of(NEW, OF_ANOTHER), after.claims());
    }

    @ParameterizedTest
    @CsvSource({
        "node-1, agent-2, OTHER_ADMISSION", // Another agent on the same node.
        "node-2, agent-1, DONE", // The agent's lane to another node.
        "node-7, agent-1, OTHER_ADMISSION" // One that node has taken with it.
    })
    void onlyAnAgentThatHasTheNameChangesWhomItLetsIn(String node, String instance, Outcome.Verdict verdict) {
        Claim held = new Claim(node, "lane-0", instance);
        StoredTunnel before = new StoredTunnel(
                new Tunnel(host("shop"), "ann", 500, "http", Requests.GUARDED_POOL, Set.of(held, OF_ANOTHER), 0), 1);

        Outcome outcome = new BindChange(changingRequest(POOL), NOW, BindChange.UNPROVEN, Set.of("node-7"))
                .apply(host("shop"), before);

        assertEquals(verdict, outcome.verdict());
        assertEquals(
                verdict == Outcome.Verdict.DONE ? POOL : Requests.GUARDED_POOL,
                outcome.now().tunnel().policy());
    }

    @Test
    void whatANodeSaysAgainIsNobodysWishToChangeAnything() {
        StoredTunnel before =
                new StoredTunnel(new Tunnel(host("shop"), "ann", 500, "http", POOL, Set.of(OF_ANOTHER), 0), 1);

        Tunnel after = again(changingRequest(Requests.GUARDED_POOL))
                .apply(host("shop"), before)
                .now()
                .tunnel();

        assertEquals(POOL, after.policy());
        assertEquals(Set.of(NEW, OF_ANOTHER), after.claims());
    }

    @Test
    void noMoreAgentsShareANameThanItHasRoomFor() {
        StoredTunnel almost = shared(BindChange.MOST_CLAIMS - 1);
        StoredTunnel full = shared(BindChange.MOST_CLAIMS);

        assertEquals(
                BindChange.MOST_CLAIMS,
                pooled(POOL, almost).now().tunnel().claims().size());
        assertEquals(Outcome.Verdict.FULL, pooled(POOL, full).verdict());
        assertSame(full, pooled(POOL, full).now());
    }

    @Test
    void inAFullNameALaneStillTakesThePlaceOfItsAgentsOlderOne() {
        Set<Claim> claims =
                new HashSet<>(shared(BindChange.MOST_CLAIMS - 1).tunnel().claims());
        claims.add(OLD);
        StoredTunnel full = new StoredTunnel(shared(0).tunnel().heldBy(claims, 0), 1);

        Set<Claim> after = pooled(POOL, full).now().tunnel().claims();

        assertEquals(BindChange.MOST_CLAIMS, after.size());
        assertTrue(after.contains(NEW));
        assertFalse(after.contains(OLD));
    }

    private static StoredTunnel shared(int agents) {
        Set<Claim> claims = new HashSet<>();
        for (int i = 0; i < agents; i++) {
            claims.add(new Claim("node-1", "shared-" + i, "sharing-" + i));
        }
        return new StoredTunnel(new Tunnel(host("shop"), "ann", 500, "http", POOL, claims, 0), 1);
    }

    @Test
    void changeIsNoWayPastAnAgentThatDoesNotPool() {
        assertEquals(
                Outcome.Verdict.NOT_POOLED,
                changing(Requests.GUARDED_POOL, held("ann", 500, OF_ANOTHER)).verdict());
    }

    @Test
    void agentAloneMayLetInWhomItLikes() {
        StoredTunnel before = held("ann", 500, OLD);

        assertEquals(POOL, pooled(POOL, before).now().tunnel().policy());
    }

    private static BindChange proven(long since) {
        return new BindChange(request("shop", "ann", NEW), NOW, since, Set.of());
    }

    private static Outcome pooled(Tunnel.Policy policy, StoredTunnel before) {
        return new BindChange(request("shop", "ann", NEW, policy, null), NOW, BindChange.UNPROVEN, Set.of())
                .apply(host("shop"), before);
    }

    private static Outcome changing(Tunnel.Policy policy, StoredTunnel before) {
        return new BindChange(changingRequest(policy), NOW, BindChange.UNPROVEN, Set.of()).apply(host("shop"), before);
    }

    private static Registry.Request changingRequest(Tunnel.Policy policy) {
        return new Registry.Request(host("shop"), "ann", "http", policy, NEW, null, true);
    }

    private static Change again(Claim claim) {
        return again(request("shop", "ann", claim));
    }

    private static Change again(Registry.Request request) {
        return BindChange.assertedAgain(request, NOW, 500, Set.of());
    }

    private static Outcome bindAt(long now, StoredTunnel before) {
        return new BindChange(request("shop", "ann", NEW), now, BindChange.UNPROVEN, Set.of())
                .apply(host("shop"), before);
    }

    private static StoredTunnel held(String owner, long since, Claim claim) {
        return new StoredTunnel(tunnel(owner, since).heldBy(Set.of(claim), 0), 1);
    }

    private static Tunnel tunnel(String owner, long since) {
        return new Tunnel(host("shop"), owner, since, "http", ALONE, Set.of(), 0);
    }
}

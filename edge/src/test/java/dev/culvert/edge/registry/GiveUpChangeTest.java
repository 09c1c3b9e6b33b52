package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.POOL;
import static dev.culvert.edge.registry.Requests.host;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes of a name that is given up, without a cluster around it. */
class GiveUpChangeTest {
    private static final Claim ONE = new Claim("node-1", "lane-1", "agent-1");
    private static final Claim OTHER = new Claim("node-2", "lane-2", "agent-1");
    private static final long UNTIL = 5_000;

    /** Else somebody could bind it before its owner's tickets are void. */
    @Test
    void aNameIsReservedUntilItIsNotedThatItWasGivenBack() {
        Outcome outcome = new GiveUpChange(ONE, UNTIL).apply(host("shop"), held(Set.of(ONE)));

        assertEquals(Outcome.Verdict.GIVEN_BACK, outcome.verdict());
        assertEquals("ann", outcome.now().tunnel().owner());
        assertFalse(outcome.now().tunnel().isFreeAt(UNTIL - 1));
    }

    @Test
    void whatOthersServeIsNotGivenBack() {
        Outcome outcome = new GiveUpChange(ONE, UNTIL).apply(host("shop"), held(Set.of(ONE, OTHER)));

        assertEquals(Outcome.Verdict.DONE, outcome.verdict());
        assertEquals(Set.of(OTHER), outcome.now().tunnel().claims());
        assertEquals(0, outcome.now().tunnel().reservedUntilMillis());
    }

    @Test
    void aClaimThatIsNotThereGivesNothingBack() {
        StoredTunnel before = held(Set.of(OTHER));
        Outcome outcome = new GiveUpChange(ONE, UNTIL).apply(host("shop"), before);

        assertEquals(Outcome.Verdict.DONE, outcome.verdict());
        assertSame(before, outcome.now());
    }

    private static StoredTunnel held(Set<Claim> claims) {
        return new StoredTunnel(new Tunnel(host("shop"), "ann", 500, "http", POOL, claims, 0), 1);
    }
}

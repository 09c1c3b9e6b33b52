package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.POOL;
import static dev.culvert.edge.registry.Requests.host;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class OlderOwnershipWinsTest {
    private static final Claim HERE = new Claim("node-1", "lane-1", "agent-1");
    private static final Claim THERE = new Claim("node-2", "lane-2", "agent-1");

    @Test
    void theOlderOwnershipHasTheNameWhicheverHalfItIsIn() {
        StoredTunnel older = stored("ann", 100, ALONE, 3, HERE);
        StoredTunnel younger = stored("bob", 200, ALONE, 9, THERE);
        assertEquals(older.tunnel(), OlderOwnershipWins.merged(older, younger).tunnel());
        assertEquals(older.tunnel(), OlderOwnershipWins.merged(younger, older).tunnel());
        assertEquals(10, OlderOwnershipWins.merged(younger, older).revision());
    }

    @Property
    void bothHalvesDecideAlike(@ForAll String one, @ForAll String other, @ForAll byte since, @ForAll byte later) {
        StoredTunnel a = stored(one, since, ALONE, 1, HERE);
        StoredTunnel b = stored(other, later, ALONE, 1, HERE);
        assertEquals(
                OlderOwnershipWins.merged(a, b).tunnel(),
                OlderOwnershipWins.merged(b, a).tunnel());
    }

    @Test
    void aTieIsDecidedByHash() {
        Ownership ann = new Ownership("ann", 100);
        Ownership bob = new Ownership("bob", 100);
        assertNotEquals(0, ann.compareTo(bob));
        assertEquals(ann.isOlderThan(bob), !bob.isOlderThan(ann));
    }

    @Test
    void claimsOfOneOwnerAreAllInForce() {
        StoredTunnel one = stored("ann", 100, ALONE, 3, HERE);
        StoredTunnel other = stored("ann", 200, POOL, 5, THERE);
        Tunnel merged = OlderOwnershipWins.merged(one, other).tunnel();
        assertEquals(Set.of(HERE, THERE), merged.claims());
        assertEquals(100, merged.ownedSinceMillis());
        assertEquals(POOL, merged.policy());
    }

    @Test
    void aReservationEndsWhereTheOtherHalfHasAClaim() {
        StoredTunnel reserved = new StoredTunnel(tunnel("ann", 100, ALONE).heldBy(Set.of(), 5_000), 4);
        StoredTunnel held = stored("ann", 100, ALONE, 3, THERE);
        Tunnel merged = OlderOwnershipWins.merged(reserved, held).tunnel();
        assertEquals(Set.of(THERE), merged.claims());
        assertEquals(0, merged.reservedUntilMillis());
    }

    @Test
    void aHalfWithoutClaimsDoesNotOpenTheTunnelOfTheOther() {
        StoredTunnel reservedOpen = new StoredTunnel(tunnel("ann", 100, POOL).heldBy(Set.of(), 5_000), 9);
        StoredTunnel heldGuarded = stored("ann", 100, Requests.GUARDED, 5, THERE);

        for (StoredTunnel merged : List.of(
                OlderOwnershipWins.merged(reservedOpen, heldGuarded),
                OlderOwnershipWins.merged(heldGuarded, reservedOpen))) {
            assertEquals(Requests.GUARDED, merged.tunnel().policy());
            assertEquals(Set.of(THERE), merged.tunnel().claims());
        }
    }

    @Test
    void claimsThatLetInOthersAreNotMixed() {
        Claim other = new Claim("node-2", "lane-2", "agent-2");
        StoredTunnel guarded = stored("ann", 100, Requests.GUARDED, 5, HERE);
        StoredTunnel open = stored("ann", 100, POOL, 9, other);

        Tunnel merged = OlderOwnershipWins.merged(guarded, open).tunnel();

        assertEquals(POOL, merged.policy());
        assertEquals(Set.of(other), merged.claims());
    }

    @Test
    void aNameThatOnlyOneHalfKnowsStays() {
        StoredTunnel only = stored("ann", 100, ALONE, 3, HERE);
        assertSame(only, OlderOwnershipWins.merged(only, null));
        assertSame(only, OlderOwnershipWins.merged(null, only));
    }

    @Test
    void itIsWhatTheMapIsMergedWith() {
        com.hazelcast.config.Config config = MemberConfig.beside("off");
        assertEquals(
                OlderOwnershipWins.class.getName(),
                config.getMapConfig(HazelcastRegistry.TUNNELS)
                        .getMergePolicyConfig()
                        .getPolicy());
        assertTrue(config.getMapConfigs().containsKey(HazelcastRegistry.TUNNELS));
    }

    private static StoredTunnel stored(String owner, long since, Tunnel.Policy policy, long revision, Claim claim) {
        return new StoredTunnel(tunnel(owner, since, policy).heldBy(Set.of(claim), 0), revision);
    }

    private static Tunnel tunnel(String owner, long since, Tunnel.Policy policy) {
        return new Tunnel(host("shop"), owner, since, "http", policy, Set.of(), 0);
    }
}

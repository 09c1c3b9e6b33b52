package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.host;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Secret;
import java.util.OptionalLong;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class TicketsTest {
    private static final long NOW = 1_750_000_000_000L;
    private static final long SINCE = NOW - 5_000;
    private static final Tunnel SHOP = new Tunnel(host("shop"), "ann", SINCE, "http", ALONE, Set.of(), 0);

    private final Tickets tickets = new Tickets(Secret.of("the cluster's"));
    private final String ticket = tickets.issue(SHOP, NOW);

    @Test
    void aTicketSaysSinceWhenTheNameIsTheOwners() {
        assertEquals(OptionalLong.of(SINCE), tickets.ownedSince(ticket, host("shop"), "ann", NOW));
        assertEquals(66, ticket.length());
    }

    @Test
    void itIsGoodForADayAndNotLonger() {
        long end = NOW + Tickets.GOOD_FOR.toMillis();
        assertTrue(tickets.ownedSince(ticket, host("shop"), "ann", end - 1).isPresent());
        assertFalse(tickets.ownedSince(ticket, host("shop"), "ann", end).isPresent());
    }

    @Test
    void itIsNoGoodForAnotherNameOrOwner() {
        assertFalse(tickets.ownedSince(ticket, host("wiki"), "ann", NOW).isPresent());
        assertFalse(tickets.ownedSince(ticket, host("shop"), "bob", NOW).isPresent());
    }

    @Test
    void nameAndOwnerAreNotMerelyStrungTogether() {
        Tunnel odd = new Tunnel(new TunnelKey("host:ab"), "c", SINCE, "http", ALONE, Set.of(), 0);
        assertFalse(tickets.ownedSince(tickets.issue(odd, NOW), new TunnelKey("host:a"), "bc", NOW)
                .isPresent());
    }

    @Test
    void aTicketSignedWithAnotherSecretIsAsGoodAsNone() {
        String foreign = new Tickets(Secret.of("another's")).issue(SHOP, NOW);
        assertFalse(tickets.ownedSince(foreign, host("shop"), "ann", NOW).isPresent());
    }

    @Property(tries = 200)
    void aTicketWithAnyOtherCharacterIsAsGoodAsNone(@ForAll @IntRange(max = 65) int at, @ForAll char other) {
        if (ticket.charAt(at) != other) {
            String forged = ticket.substring(0, at) + other + ticket.substring(at + 1);
            OptionalLong since = tickets.ownedSince(forged, host("shop"), "ann", NOW);
            // The last character has bits to spare, which decode to nothing.
            assertTrue(since.isEmpty() || at == 65, forged);
        }
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    void anythingElseIsAsGoodAsNone(String text) {
        assertFalse(tickets.ownedSince(text, host("shop"), "ann", NOW).isPresent());
    }
}

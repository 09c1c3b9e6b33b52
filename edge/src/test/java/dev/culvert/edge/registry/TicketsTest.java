package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.host;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Secret;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        assertEquals(Optional.of(new Tickets.Proof(SINCE, NOW)), tickets.proof(ticket, host("shop"), "ann", NOW));
        assertEquals(66, ticket.length());
    }

    @Test
    void theFirstIsIssuedWithoutAFileDescriptor() throws Exception {
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "ulimit -n 256; exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OutOfFiles.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.matches("no file left\n[A-Za-z0-9_-]{66}\n"), said);
    }

    @Test
    void itIsGoodForADayAndNotLonger() {
        long end = NOW + Tickets.GOOD_FOR.toMillis();
        assertTrue(tickets.proof(ticket, host("shop"), "ann", end - 1).isPresent());
        assertFalse(tickets.proof(ticket, host("shop"), "ann", end).isPresent());
    }

    @Test
    void itIsNoGoodForAnotherNameOrOwner() {
        assertFalse(tickets.proof(ticket, host("wiki"), "ann", NOW).isPresent());
        assertFalse(tickets.proof(ticket, host("shop"), "bob", NOW).isPresent());
    }

    @Test
    void nameAndOwnerAreNotMerelyStrungTogether() {
        Tunnel odd = new Tunnel(new TunnelKey("host:ab"), "c", SINCE, "http", ALONE, Set.of(), 0);
        assertFalse(tickets.proof(tickets.issue(odd, NOW), new TunnelKey("host:a"), "bc", NOW)
                .isPresent());
    }

    @Test
    void aTicketSignedWithAnotherSecretIsAsGoodAsNone() {
        String foreign = new Tickets(Secret.of("another's")).issue(SHOP, NOW);
        assertFalse(tickets.proof(foreign, host("shop"), "ann", NOW).isPresent());
    }

    @Property(tries = 500)
    void everyOwnerOfANameHasAPlaceThatOnlyTheSecretTells(@ForAll String owner) {
        int place = tickets.placeOf(host("shop"), owner);
        assertTrue(place >= 0 && place < Tickets.PLACES);
        assertEquals(place, new Tickets(Secret.of("the cluster's")).placeOf(host("shop"), owner));
    }

    @Test
    void placesOfNamesOwnersAndSecretsDiffer() {
        Set<Integer> places = Set.of(
                tickets.placeOf(host("shop"), "ann"),
                tickets.placeOf(host("shop"), "bob"),
                tickets.placeOf(host("wiki"), "ann"),
                new Tickets(Secret.of("another's")).placeOf(host("shop"), "ann"));
        assertEquals(4, places.size());
    }

    @Property(tries = 200)
    void aTicketWithAnyOtherCharacterIsAsGoodAsNone(@ForAll @IntRange(max = 65) int at, @ForAll char other) {
        if (ticket.charAt(at) != other) {
            String forged = ticket.substring(0, at) + other + ticket.substring(at + 1);
            Optional<Tickets.Proof> proof = tickets.proof(forged, host("shop"), "ann", NOW);
            // The last character has bits to spare, which decode to nothing.
            assertTrue(proof.isEmpty() || at == 65, forged);
        }
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    void anythingElseIsAsGoodAsNone(String text) {
        assertFalse(tickets.proof(text, host("shop"), "ann", NOW).isPresent());
    }

    /** Issues a ticket when it has opened all the files that it may. */
    static final class OutOfFiles {
        public static void main(String[] args) {
            Tickets tickets = new Tickets(Secret.of("the cluster's"));
            Tunnel tunnel = new Tunnel(host("shop"), "ann", SINCE, "http", ALONE, Set.of(), 0);
            List<InputStream> open = new ArrayList<>();
            try {
                while (true) {
                    open.add(new FileInputStream("/dev/null"));
                }
            } catch (IOException e) {
                System.out.println("no file left");
            }
            System.out.println(tickets.issue(tunnel, NOW));
        }
    }
}

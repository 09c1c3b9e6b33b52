package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Requests.ALONE;
import static dev.culvert.edge.registry.Requests.host;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.Secret;
import dev.culvert.testkit.PromisedBytes;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
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

    /** Agents keep them over an upgrade of the edges, and what a node writes another reads. */
    @Test
    void aTicketOfAnotherReleaseIsATicket() {
        PromisedBytes promised = PromisedBytes.of("""
                01                          ; version
                00 00 01 97 74 20 c8 78     ; owned since, ms since 1970
                00 00 01 97 79 47 38 00     ; good until, ms since 1970
                2b d1 c3 23 14 b2 21 58     ; HMAC-SHA256, by the cluster's secret in UTF-8, of the bytes above,
                df 0c da 64 53 00 3a 41     ; of the key and of the owner, each in UTF-8 behind a u16 for its length
                8d 6f 7c 2b 7b a4 87 59
                a4 f3 d7 48 18 ed dc f7
                """);
        String text = "AQAAAZd0IMh4AAABl3lHOAAr0cMjFLIhWN8M2mRTADpBjW98K3ukh1mk89dIGO3c9w"; // The same in base64url.
        promised.areWritten(Base64.getUrlDecoder().decode(ticket));
        assertEquals(text, ticket, PromisedBytes.WHAT_TO_DO);
        promised.areRead(Optional.of(new Tickets.Proof(SINCE, NOW)), tickets.proof(text, host("shop"), "ann", NOW));
    }

    /** Or what one node notes as given back another would not find: the first two bytes of an HMAC as above, of zeros. */
    @Test
    void placesAreTheSameInAllReleases() {
        assertEquals(30_690, tickets.placeOf(host("shop"), "ann"), PromisedBytes.WHAT_TO_DO);
        assertEquals(65_536, Tickets.PLACES, PromisedBytes.WHAT_TO_DO);
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

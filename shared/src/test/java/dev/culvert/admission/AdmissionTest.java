package dev.culvert.admission;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {
    /** Agents send them, the registry keeps them, and the ingress compares what visitors send. */
    @Test
    void hashOfAPasswordIsTheSameInAllReleases() {
        assertEquals(
                "82f31133105d995e928e839ca7cda77368865072ed2c567879e7d02ca07aba5b",
                Password.parse("ann:long enough").hash(),
                WHAT_TO_DO);
        assertEquals(
                "1bfcc652347c0097214f009f268f80ec86d1c5c44732882b539140ccfd411f81",
                Password.parse("jörg:straße:9").hash(),
                WHAT_TO_DO);
    }

    /** The registry and the agents have them in words. */
    @Test
    void textsOfAnAdmissionAreTheSameInAllReleases() {
        Admission admission = Admission.of(
                List.of("fd00::/8", "10.1.2.3/8", "::ffff:192.0.2.1", "2001:DB8::1"),
                List.of(),
                List.of("*@Example.com", "group:Staff", "*", "Ann@example.com"),
                false);
        assertEquals(
                List.of("10.0.0.0/8", "192.0.2.1", "2001:db8::1", "fd00::/8"),
                admission.networks().texts(),
                WHAT_TO_DO);
        assertEquals(
                List.of("*", "*@example.com", "ann@example.com", "group:Staff"),
                admission.people().all(),
                WHAT_TO_DO);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.0.1, true",
        "10.0.0.0/8, 11.0.0.1, false",
        "192.168.4.0/22, 192.168.7.255, true",
        "192.168.4.0/22, 192.168.8.0, false",
        "192.168.4.1, 192.168.4.1, true",
        "192.168.4.1, 192.168.4.2, false",
        "0.0.0.0/0, 8.8.8.8, true",
        "0.0.0.0/0, ::1, false",
        "fd00::/8, fd12::1, true",
        "fd00::/8, fe80::1, false",
        "'10.0.0.0/8, ::1', ::1, true",
        "::ffff:127.0.0.0/104, 127.1.2.3, true",
        "::ffff:127.0.0.1, 127.0.0.1, true"
    })
    void addressIsInANetworkByItsFirstBits(String networks, String address, boolean in) throws Exception {
        assertEquals(in, Networks.parse(networks).test(InetAddress.getByName(address)));
        assertEquals(
                in,
                new Admission(Networks.parse(networks), Set.of(), People.NONE, false)
                        .letsIn(InetAddress.getByName(address)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "proxy",
                "",
                "10.0.0.0/33",
                "10.0.0.0/",
                "10.0.0.0/-1",
                "10.0.0/8,",
                "fd00::/129",
                "fe80::1%eth0",
                "::ffff:10.0.0.0/95",
                "1.2.3.4/8/8"
            })
    void whatIsNoNetworkIsRefused(String text) {
        assertThrows(ConfigException.class, () -> Networks.parse(text));
    }

    @Test
    void withoutNetworksVisitorsComeFromAnywhere() throws Exception {
        assertTrue(Admission.EVERYBODY.letsIn(InetAddress.getByName("203.0.113.1")));
        assertTrue(Admission.EVERYBODY.isOpen());
        assertFalse(Admission.EVERYBODY.asksForPassword());
        assertSame(Admission.EVERYBODY, Admission.of(List.of(), List.of(), List.of(), false));
    }

    @Test
    void comesBackFromItsTexts() {
        Admission admission = new Admission(
                Networks.parse("10.0.0.0/8, ::1"),
                Set.of(Password.parse("ann:long enough"), Password.of("bob:x")),
                People.parse("Ann@example.com, *@example.org"),
                false);

        assertEquals(
                admission,
                Admission.of(
                        admission.networks().texts(),
                        admission.hashes(),
                        admission.people().all(),
                        false));
        assertEquals(List.of("10.0.0.0/8", "::1"), admission.networks().texts());
    }

    @Test
    void sameNetworksInOtherWordsAreTheSame() {
        assertEquals(
                Admission.EVERYBODY.withNetworks(Networks.parse("127.0.0.0/8,2001:DB8::1,192.0.2.7")),
                Admission.EVERYBODY.withNetworks(
                        Networks.parse("192.0.2.7/32, 2001:db8:0::1, 127.1.2.3/8,127.0.0.0/8")));
    }

    @Test
    void saysInWordsWhatItAsksFor() {
        assertEquals("", Admission.EVERYBODY.words());
        assertEquals(
                "a sign-in or a password, an address of 10.0.0.0/8 or ::1",
                new Admission(Networks.parse("10.0.0.0/8,::1"), Set.of(Password.of("a:b")), People.parse("*"), false)
                        .words());
        assertEquals(
                "a sign-in", Admission.EVERYBODY.withPeople(People.parse("*")).words());
    }

    @Test
    void hasABound() {
        List<String> tooMany = IntStream.rangeClosed(0, Admission.MOST)
                .mapToObj(i -> "10.0.0." + i)
                .toList();

        assertThrows(IllegalArgumentException.class, () -> Admission.of(tooMany, List.of(), List.of(), false));
        assertThrows(IllegalArgumentException.class, () -> Admission.of(List.of(), List.of(), tooMany, false));
    }

    /** By {@code printf 'ann:long enough' | sha256sum}: other programs open tunnels too. */
    @Test
    void passwordIsKeptAsSha256() {
        assertEquals(
                "82f31133105d995e928e839ca7cda77368865072ed2c567879e7d02ca07aba5b",
                Password.parse("ann:long enough").hash());
        assertNotEquals(Password.parse("ann:long enough"), Password.parse("bob:long enough"));
        assertFalse(Password.parse("ann:long enough").toString().contains("long"));
        assertThrows(IllegalArgumentException.class, () -> new Password("long enough"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "just-a-name | must be a name and a password with a colon between them",
                ":nameless-one | must be a name and a password with a colon between them",
                "ann:short:7 | a password has 8 characters at least",
                "ann:\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd12 | a name or password has letters that were lost on the way here: in a locale without UTF-8 use a file",
                "'ann:with\ttabulator' | names and passwords have no control characters",
            })
    void unusablePasswordIsRefusedWithoutSayingIt(String text, String sentence) {
        ConfigException refused = assertThrows(ConfigException.class, () -> Password.parse(text));

        assertEquals(sentence, refused.getMessage());
    }

    @Test
    void passwordThatIsTooLongIsRefused() {
        assertThrows(ConfigException.class, () -> Password.parse("ann:" + "x".repeat(Password.MOST_CHARS)));
    }
}

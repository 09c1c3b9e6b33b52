package dev.culvert.edge.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamePatternsTest {
    private static final String DOMAIN = "tunnel.example";

    @ParameterizedTest
    @CsvSource({
        "shop, shop",
        "shop, shop.tunnel.example",
        "shop-*, shop-7",
        "*, anything",
        "*, anything.tunnel.example",
        "*-dev, a-b-dev",
        "a*b*c, axxbyybzzc",
        "shop.customer.example, shop.customer.example",
        "*.customer.example, shop.customer.example",
        "shop.tunnel.example, shop",
    })
    void allowsWhatThePatternSays(String pattern, String name) {
        assertTrue(NamePatterns.parse(pattern).allows(name, DOMAIN));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "* | otter",
                "shop,* | otter",
                "ann-* | ann-otter",
                "tcp:*,shop,ann-*,*-dev | ann-otter",
                "*.ann.example | otter.ann.example",
                "*.ann.example,ann-* | ann-otter",
                "tcp:22,shop,blog | otter",
                "tcp:* | otter",
            })
    void nameIsMadeUpAsItMayBeHad(String patterns, String name) {
        NamePatterns allowed = NamePatterns.parse(patterns);

        assertEquals(name, allowed.nameFrom("otter"));
        assertEquals(!patterns.startsWith("tcp:") || patterns.contains("ann"), allowed.allows(name, DOMAIN));
    }

    @ParameterizedTest
    @CsvSource({
        "shop, shops",
        "shop, shop.other.example",
        "shop-*, shop",
        "*, customer.example",
        "*, a.b.tunnel.example",
        "*, tunnel.example",
        "*, .tunnel.example",
        "*, shop.tunnel.example.evil.example",
        "*.customer.example, a.b.customer.example",
        "*.customer.example, customer.example",
        "a*b*c, axxbyybzz",
    })
    void refusesEverythingElse(String pattern, String name) {
        assertFalse(NamePatterns.parse(pattern).allows(name, DOMAIN));
    }

    @ParameterizedTest
    @CsvSource({
        "*, 2222, true",
        "tcp:*, 2222, true",
        "tcp:2222, 2222, true",
        "tcp:2200-2299, 2299, true",
        "tcp:2200-2299, 2300, false",
        "shop-*, 2222, false",
        "*.example.com, 2222, false",
        "2222, 2222, false",
    })
    void portsHavePatternsOfTheirOwn(String pattern, int port, boolean allowed) {
        assertEquals(allowed, NamePatterns.parse(pattern).allowsPort(port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp:", "tcp:off", "tcp:0", "tcp:22*", "tcp:9-1", "tcp:70000", "udp:53"})
    void patternThatIsNotOneOfPortsIsRefused(String pattern) {
        assertThrows(IllegalArgumentException.class, () -> NamePatterns.parse(pattern));
    }

    @Test
    void patternOfPortsAllowsNoName() {
        assertFalse(NamePatterns.parse("tcp:*").allows("shop", DOMAIN));
    }

    @Test
    void anyOfSeveralPatternsIsEnough() {
        NamePatterns names = NamePatterns.parse("shop,blog-*");
        assertTrue(names.allows("blog-1", DOMAIN));
        assertFalse(names.allows("wiki", DOMAIN));
        assertEquals("shop,blog-*", names.toString());
    }

    @Test
    void literalIsWhatNamesOneHostOrPort() {
        NamePatterns names =
                NamePatterns.parse("shop,ann-*,www.shop.example,*.shop.example,tcp:2222,tcp:02223,tcp:1-2,tcp:*");

        assertEquals(Set.of("shop", "www.shop.example", "tcp:2222", "tcp:2223"), names.literal());
        assertEquals(Set.of(), NamePatterns.ANY.literal());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Shop", "shop,", "shop..x", ".shop", "sh op", "shop_1", "ümlaut"})
    void brokenPatternsAreRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> NamePatterns.parse(text));
    }

    @Test
    void noPatternsAtAllAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new NamePatterns(List.of()));
    }

    @Test
    void manyStarsCostNoTime() {
        NamePatterns names = NamePatterns.parse("*a".repeat(120) + "b");
        assertTimeoutPreemptively(Duration.ofSeconds(2), () -> assertFalse(names.allows("a".repeat(4_000), DOMAIN)));
    }
}

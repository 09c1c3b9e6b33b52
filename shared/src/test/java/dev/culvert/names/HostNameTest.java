package dev.culvert.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostNameTest {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final String DOMAIN = "example.com";

    @ParameterizedTest
    @CsvSource({
        "Swift-Otter.Example.COM, swift-otter.example.com",
        "a.example.com., a.example.com",
        "localhost, localhost",
        "127.0.0.1, 127.0.0.1",
        "xn--bcher-kva.example.com, xn--bcher-kva.example.com",
    })
    void eachNameHasOneSpelling(String text, String normal) {
        assertEquals(Optional.of(normal), HostName.normalise(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "a..b",
                "a.example.com..",
                ".a",
                "-a.example.com",
                "a-.example.com",
                "a_b.example.com",
                "a b",
                "a:80",
                "user@a",
                "bücher.example.com",
                "\u212Aelvin.example.com",
                "a%2eb",
                "a\u0000",
                "[::1]",
                "a/b"
            })
    void whatIsNoNameIsRefused(String text) {
        assertTrue(HostName.normalise(text).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({
        "a.example.com, a",
        "example.com,",
        "a.b.example.com,",
        "aexample.com,",
        "a.example.com.evil.org,",
        "a.other.com,",
    })
    void onlyOneLabelBeforeTheWholeDomainCounts(String name, String label) {
        assertEquals(Optional.ofNullable(label), HostName.labelUnder(name, DOMAIN));
    }

    @Property
    void aLabelIsWhatTheRuleSays(@ForAll("nearLabels") String text) {
        assertEquals(LABEL.matcher(text).matches(), HostName.isLabel(text));
    }

    @Property
    void anyTextIsRefusedOrBecomesItsOneSpelling(@ForAll("nearNames") String text) {
        Optional<String> name = HostName.normalise(text);
        name.ifPresent(found -> {
            assertEquals(name, HostName.normalise(found));
            assertEquals(name, HostName.normalise(found.toUpperCase(Locale.ROOT) + "."));
            for (String label : List.of(found.split("\\.", -1))) {
                assertTrue(LABEL.matcher(label).matches(), label);
            }
            assertTrue(found.length() <= 253);
        });
    }

    @Property
    void whatIsUnderADomainIsALabel(@ForAll("nearLabels") String text) {
        Optional<String> label = HostName.labelUnder(text + ".example.com", DOMAIN);
        assertEquals(HostName.isLabel(text) ? Optional.of(text) : Optional.empty(), label);
    }

    @Provide
    Arbitrary<String> nearLabels() {
        return Arbitraries.strings().withChars("ab9-AZ_. é").ofMaxLength(66);
    }

    @Provide
    Arbitrary<String> nearNames() {
        return Arbitraries.strings().withChars("abz09AZ--...._ :é").ofMaxLength(260);
    }
}

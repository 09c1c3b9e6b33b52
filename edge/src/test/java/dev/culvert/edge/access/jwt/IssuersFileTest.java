package dev.culvert.edge.access.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.culvert.config.ConfigException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IssuersFileTest {
    private static final String WHOLE = """
            issuers:
              - issuer: https://token.example.com
                audience: tunnel.example.com
                agents:
                  - claims: {repository: acme/shop, under_scored: "yes"}
                    owner: shop-ci
                    names: [shop-pr-*]
              - issuer: https://id.example.com/
                audience: tunnel.example.com
                agents:
                  - claims: {groups: developers}
                    owner: "{preferred_username}"
                    names: "{preferred_username}-*"
            """;

    @TempDir
    Path folder;

    @Test
    void issuersAreReadWithTheirRulesInOrder() throws Exception {
        Map<String, Issuer> issuers = read(WHOLE);

        assertEquals(List.of("https://token.example.com", "https://id.example.com/"), List.copyOf(issuers.keySet()));
        Issuer first = issuers.get("https://token.example.com");
        assertEquals("tunnel.example.com", first.audience());
        assertEquals(
                List.of(new Rule(
                        Map.of("repository", "acme/shop", "under_scored", "yes"),
                        new Template("shop-ci"),
                        List.of(new Template("shop-pr-*")))),
                first.rules());
        assertEquals(
                new Issuer.Discovered(URI.create("https://id.example.com/.well-known/openid-configuration")),
                issuers.get("https://id.example.com/").keys());
    }

    @Test
    void whatIsTheSameIsEqual() throws Exception {
        assertEquals(read(WHOLE), read(WHOLE));
    }

    @Test
    void keysOfThisMachineMayComeInPlaintext() throws Exception {
        assertEquals(
                new Issuer.At(URI.create("http://127.0.0.1:8080/keys")),
                read(WHOLE.replaceFirst("audience:", "keys: http://127.0.0.1:8080/keys\n    audience:"))
                        .get("https://token.example.com")
                        .keys());
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments(
                        "issuer: https://token.example.com",
                        "issuer: http://token.example.com",
                        2,
                        "issuer: must be an https URL"),
                arguments("issuer: https://token.example.com", "issuer: shop", 2, "issuer: must be an https URL"),
                arguments(
                        "issuer: https://id.example.com/",
                        "issuer: https://token.example.com",
                        8,
                        "is there a second time"),
                arguments("audience: tunnel.example.com", "audiences: tunnel.example.com", 3, "audiences: unknown key"),
                arguments(
                        "audience: tunnel.example.com",
                        "audience: a\n    keys: http://keys.example.com/",
                        4,
                        "keys: must be an https URL"),
                arguments("    audience: tunnel.example.com\n", "", 2, "audience: is missing"),
                arguments("owner: shop-ci", "owner: shop ci", 6, "owner: shop ci is not an owner"),
                arguments("owner: shop-ci", "owner: shop-{ci", 6, "owner: shop-{ci has a brace too many"),
                arguments("owner: shop-ci", "name: shop-ci", 6, "name: unknown key"),
                arguments("names: [shop-pr-*]", "names: [Shop]", 7, "names: Shop is not a pattern of names"),
                arguments("names: [shop-pr-*]", "names: []", 7, "names: there is none"),
                arguments("names: [shop-pr-*]", "names: [\"shop-{x}}\"]", 7, "names: shop-{x}} has a brace too many"),
                arguments("{groups: developers}", "{}", 11, "claims: there is none, so that everybody would fit"),
                arguments("{groups: developers}", "developers", 11, "claims: must be keys with values"),
                arguments("{groups: developers}", "{groups: [developers]}", 11, "groups must be one value"),
                arguments("{groups: developers}", "{groups: a, groups: b}", 11, "groups is there a second time"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakeIsNamedWithItsLine(String before, String after, int line, String words) {
        assertTrue(WHOLE.contains(before), before);

        String fault = fault(WHOLE.replaceFirst(Pattern.quote(before), Matcher.quoteReplacement(after)));

        assertTrue(fault.startsWith("%s, line %d,".formatted(folder.resolve("issuers.yaml"), line)), fault);
        assertTrue(fault.contains(words), fault);
    }

    @Test
    void fileOfKeysThatIsNoneIsNamed() throws Exception {
        Path keys =
                Files.writeString(folder.resolve("keys.json"), "{\"keys\": [{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}]}");

        assertTrue(fault(with("keys: " + keys)).contains("keys: " + keys + " is not a JWK set with RSA or EC keys"));
        assertTrue(fault(with("keys: " + folder)).contains("is a folder, not a file"));
        assertTrue(fault(with("ca: " + keys)).contains("ca: " + keys + " has no certificates in PEM"));
    }

    @Test
    void fileWithoutIssuersIsRefused() {
        assertTrue(fault("").contains("issuers: there is none"), fault(""));
        assertTrue(fault("issuers: []").contains("issuers: there is none"));
        assertTrue(fault("issuers:\n  - shop").contains("each item of issuers must be keys with values"));
        assertTrue(fault("{").contains("is not YAML"));
    }

    private static String with(String line) {
        return WHOLE.replaceFirst("audience:", line + "\n    audience:");
    }

    private String fault(String text) {
        return assertThrows(ConfigException.class, () -> read(text)).getMessage();
    }

    private Map<String, Issuer> read(String text) throws Exception {
        return new IssuersFile(Files.writeString(folder.resolve("issuers.yaml"), text)).read();
    }
}

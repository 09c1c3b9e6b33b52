package dev.culvert.edge.signin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.config.ConfigException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProviderFileTest {
    private static final String LEAST = """
            issuer: https://login.example.com
            client-id: culvert
            client-secret-file: SECRET
            """;

    @TempDir
    Path folder;

    private ProviderFile read(String text) throws Exception {
        Path secret = folder.resolve("secret");
        if (!Files.exists(secret)) {
            Files.writeString(secret, "a secret of 20 chars\n");
        }
        return ProviderFile.read(
                Files.writeString(folder.resolve("sign-in.yaml"), text.replace("SECRET", secret.toString())));
    }

    @Test
    void fewLinesAreEnough() throws Exception {
        ProviderFile read = read(LEAST);

        assertEquals(URI.create("https://login.example.com"), read.issuer());
        assertEquals("a secret of 20 chars", read.clientSecret().reveal());
        assertFalse(read.toString().contains("20 chars"), "it must not reach a log");
        assertEquals(List.of("openid", "email"), read.scopes());
        assertEquals("email", read.who());
        assertNull(read.groups());
        assertEquals(Duration.ofHours(12), read.session());
    }

    @Test
    void restCanBeSaid() throws Exception {
        ProviderFile read = read(LEAST + "scopes: [openid, profile]\nwho: upn\ngroups: roles\nsession: 30m\n");

        assertEquals(List.of("openid", "profile"), read.scopes());
        assertEquals("upn", read.who());
        assertEquals("roles", read.groups());
        assertEquals(Duration.ofMinutes(30), read.session());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "client-id: culvert | issuer: is missing",
                "issuer: http://login.example.com | must be an https URL without a query, was http://login.example.com",
                "scopes: [email] | openid must be among them",
                "session: 721h | must be from 1m to 720h, was 721h",
                "session: 59s | must be from 1m to 720h, was 59s",
                "issuer: https://login.example.com?a=b | must be an https URL without a query, was https://login.example.com?a=b",
                "who: ' ' | who: is missing",
                "groups: '' | groups: is missing",
                "groups: [a, b] | must be one text, and no list",
                "scopes: [openid, \"a\\tb\"] | must be words, each an item of its own",
                "who: [a, b] | must be one text, and no list",
                "client-id: [a, b] | must be one text, and no list",
                "scopes: [openid, ' '] | must be words, each an item of its own",
                "session: long | long is not a time",
                "audience: x | unknown key; known are ca, client-id, client-secret-file, groups, issuer, scopes, session, who",
                "ca: /nowhere | there is no file /nowhere",
            })
    void wrongLineIsNamed(String line, String words) throws Exception {
        String key = line.substring(0, line.indexOf(':'));
        String others = line.equals("client-id: culvert") ? "" : LEAST.replaceAll("(?m)^" + key + ":.*\n", "");

        String said = assertThrows(ConfigException.class, () -> read(others + line + "\n"))
                .getMessage();

        assertTrue(said.contains("sign-in.yaml, line ") && said.contains(words), said);
    }

    @ParameterizedTest
    @CsvSource({"short", "'two lines of it\nare no secret'"})
    void secretMustBeOne(String secret) throws Exception {
        Files.writeString(folder.resolve("secret"), secret.replace("\\n", "\n"));

        String said = assertThrows(ConfigException.class, () -> read(LEAST)).getMessage();

        assertTrue(said.contains("must hold one line of at least 16 characters"), said);
        assertFalse(said.contains(secret), said);
    }
}

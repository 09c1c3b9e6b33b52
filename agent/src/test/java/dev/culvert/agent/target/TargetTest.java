package dev.culvert.agent.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.TunnelOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {

    @ParameterizedTest
    @CsvSource({
        "3000, http://127.0.0.1:3000",
        "localhost:3000, http://localhost:3000",
        "LOCALHOST:3000, http://localhost:3000",
        "192.0.2.7:80, http://192.0.2.7:80",
        "[::1]:3000, http://[::1]:3000",
        "http://127.0.0.1:3000, http://127.0.0.1:3000",
        "http://app.internal/, http://app.internal:80",
        "https://app.internal, https://app.internal:443",
        "HTTPS://[::1], https://[::1]:443",
        "unix:/run/app.sock, unix:/run/app.sock",
    })
    void targetIsReadAsItsUrl(String text, String url) {
        assertEquals(url, Target.parse(text).url());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "65536",
                "123456",
                "-1",
                "localhost",
                "localhost:",
                "localhost:http",
                ":3000",
                "::1:3000",
                "ftp://localhost",
                "http://",
                "http://localhost/path",
                "http://localhost?query",
                "http://user@localhost",
                "unix:app.sock",
                "a b:80"
            })
    void whatIsNoTargetIsRefusedInOneSentence(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Target.parse(text))
                .getMessage();

        assertTrue(message.startsWith("\"" + text + "\" is not a target ("), message);
        assertTrue(message.endsWith("write a port, host:port, a URL, unix:/path, or a folder"), message);
    }

    @Test
    void folderThatIsThereIsATarget(@TempDir Path folder) throws Exception {
        Path site = Files.createDirectory(folder.resolve("my site"));

        for (String text : List.of(
                site.toString(), site + "/", site + "/../my site", site.toUri().toString())) {
            assertEquals(site, Target.parse(text).folder(), text);
        }
        Target target = Target.parse(site.toString());
        assertEquals(site.toString(), target.name());
        assertEquals("file://" + folder + "/my%20site", target.url());
        Files.delete(site);
        assertEquals("file://" + folder + "/my%20site", target.url(), "whether or not it is there now");
        Files.createDirectory(site);
        assertEquals(Path.of("").toAbsolutePath(), Target.parse(".").folder());
        assertEquals(Path.of("src").toAbsolutePath(), Target.parse("src").folder());
        assertThrows(IllegalArgumentException.class, () -> TunnelOptions.tcp(site.toString()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"./nothing", "/no/such/folder", "pom.xml", "./pom.xml", "file:///no/such", "file:relative", "/\0"
            })
    void folderThatIsNotThereIsRefused(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Target.parse(text))
                .getMessage();

        assertTrue(message.startsWith("\"" + text + "\" is not a target ("), message);
    }

    @ParameterizedTest
    @CsvSource({
        "22, 127.0.0.1:22",
        "localhost:5432, localhost:5432",
        "tcp://db.internal:5432, db.internal:5432",
        "https://localhost:8443/, localhost:8443",
        "https://localhost, localhost:443",
        "tls://[::1], [::1]:443",
        "unix:/run/app.sock, unix:/run/app.sock",
    })
    void targetOfRawBytesMayBeAUrlToo(String text, String name) {
        Target target = Target.parseRaw(text);

        assertEquals(name, target.name());
        assertFalse(target.tls(), "the bytes go there as they are");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp://db.internal", "http://localhost:80", "udp://localhost:53", "localhost"})
    void whatIsNoTargetOfRawBytesIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Target.parseRaw(text));
    }

    @Test
    void portAndLocalhostMeanBothLoopbackAddresses() {
        assertEquals(
                "[127.0.0.1:3000, ::1:3000]", Target.parse("3000").addresses().toString());
        assertEquals(
                "[127.0.0.1:3000, ::1:3000]",
                Target.parse("localhost:3000").addresses().toString());
        assertEquals(
                "[127.0.0.1:3000]", Target.parse("127.0.0.1:3000").addresses().toString());
    }

    @Test
    void loopbackIsKnownByItsNamesAndAddresses() {
        assertTrue(HostPort.parse("localhost:1").isLoopback());
        assertTrue(HostPort.parse("x.localhost:1").isLoopback());
        assertTrue(HostPort.parse("127.1.2.3:1").isLoopback());
        assertTrue(HostPort.parse("[::1]:1").isLoopback());
        assertFalse(HostPort.parse("127.evil.example:1").isLoopback());
        assertFalse(HostPort.parse("notlocalhost:1").isLoopback());
        assertFalse(HostPort.parse("0.0.0.0:1").isLoopback());
    }
}

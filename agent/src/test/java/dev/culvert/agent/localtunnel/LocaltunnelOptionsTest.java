package dev.culvert.agent.localtunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.culvert.agent.dial.Reconnect;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocaltunnelOptionsTest {
    private static final URI SERVER = URI.create("http://localhost:7080");

    @Test
    void nothingElseChosenTheNameIsMadeUpAndHostStays() {
        LocaltunnelOptions options = LocaltunnelOptions.of(SERVER, 3000);

        assertEquals("http://127.0.0.1:3000", options.target().url());
        assertNull(options.subdomain());
        assertNull(options.host());
        assertEquals(Reconnect.DEFAULT, options.reconnect());
    }

    @Test
    void everythingElseIsChosen() {
        LocaltunnelOptions options = LocaltunnelOptions.of(SERVER, 3000)
                .withSubdomain("shop")
                .withLocalHost("app.test")
                .withReconnect(Reconnect.NONE);

        assertEquals("shop", options.subdomain());
        assertEquals("http://app.test:3000", options.target().url());
        assertEquals("app.test", options.host());
        assertEquals(Reconnect.NONE, options.reconnect());
    }

    @ParameterizedTest
    @CsvSource({"::1, [::1]", "[::1], [::1]", "localhost, localhost", "192.0.2.1, 192.0.2.1"})
    void localHostIsAnyNameOrAddress(String localHost, String inHost) {
        LocaltunnelOptions options = LocaltunnelOptions.of(SERVER, 3000).withLocalHost(localHost);

        assertEquals("http://%s:3000".formatted(inHost), options.target().url());
        assertEquals(inHost, options.host());
    }

    @ParameterizedTest
    @CsvSource({
        "https://example.com, https://example.com",
        "http://example.com:8080/, http://example.com:8080",
        "https://example.com/tunnels/, https://example.com/tunnels",
        "example.com, https://example.com",
        "http://[::1]:7080, http://[::1]:7080",
    })
    void serverIsAUrlOrABareHost(String text, String url) {
        assertEquals(URI.create(url), LocaltunnelOptions.parseServer(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost:7080",
                "ftp://example.com",
                "https://",
                "http://a b",
                "http://me:secret@a",
                "http://a/?b"
            })
    void otherTextIsNoServer(String text) {
        assertThrows(IllegalArgumentException.class, () -> LocaltunnelOptions.parseServer(text));
    }

    @Test
    void valuesThatWouldChangeARequestAreRefused() {
        LocaltunnelOptions options = LocaltunnelOptions.of(SERVER, 3000);

        assertThrows(IllegalArgumentException.class, () -> options.withSubdomain("a/b"));
        assertThrows(IllegalArgumentException.class, () -> options.withLocalHost("a\r\nb"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new LocaltunnelOptions(SERVER, null, options.target(), "a\r\nb", Reconnect.NONE));
    }
}

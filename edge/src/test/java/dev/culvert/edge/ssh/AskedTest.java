package dev.culvert.edge.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.registry.NameRefusedException;
import dev.culvert.wire.Bind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AskedTest {
    private static final String DOMAIN = "edge.example.com";

    @ParameterizedTest
    @CsvSource({
        "my-app, 80, my-app",
        "My-App, 443, my-app",
        "my-app.edge.example.com, 80, my-app",
        "app.other.example, 80, app.other.example"
    })
    void webPortsAreForNames(String address, int port, String name) {
        Bind bind = new Asked(address, port).bind(DOMAIN);

        assertEquals("http", bind.kind());
        assertEquals(name, bind.name());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "localhost", "0.0.0.0", "::", "127.0.0.1", "edge.example.com"})
    void addressThatIsNoNameLeavesItToTheEdge(String address) throws Exception {
        assertEquals(null, new Asked(address, 80).bind(DOMAIN).name());
        Asked raw = new Asked(address, 2222);
        raw.check(DOMAIN);
        assertEquals("tcp", raw.bind(DOMAIN).kind());
        assertEquals(2222, raw.bind(DOMAIN).port());
    }

    @Test
    void nameAtARawPortIsRefused() {
        assertThrows(NameRefusedException.class, () -> new Asked("my-app", 8080).check(DOMAIN));
    }

    @Test
    void nameThatNoDnsHasIsRefusedAndShownInPart() {
        Asked asked = new Asked("a".repeat(30_000), 80);

        assertThrows(NameRefusedException.class, () -> asked.check(DOMAIN));
        assertTrue(asked.toString().length() < 300);
    }

    @Test
    void whatTheClientCouldNotTellApartIsTheSame() {
        assertTrue(new Asked("my-app", 80).isSame(new Asked("my-app.edge.example.com", 443), DOMAIN));
        assertTrue(new Asked("", 2222).isSame(new Asked("*", 2222), DOMAIN));
        assertTrue(new Asked("localhost", 80).isSame(new Asked("localhost", 80), DOMAIN));
        assertFalse(new Asked("localhost", 80).isSame(new Asked("", 80), DOMAIN));
        assertFalse(new Asked("localhost", 0).isSame(new Asked("localhost", 0), DOMAIN));
        assertFalse(new Asked("one", 80).isSame(new Asked("two", 80), DOMAIN));
    }

    @Test
    void isShownAsItIsWritten() {
        assertEquals("-R my-app:80", new Asked("my-app", 80).toString());
        assertEquals("-R 80", new Asked("localhost", 80).toString());
    }
}

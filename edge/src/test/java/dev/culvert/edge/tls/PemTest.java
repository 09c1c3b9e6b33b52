package dev.culvert.edge.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.security.KeyPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {
    @Test
    void keysComeBackAsTheyWere() throws Exception {
        KeyPair keys = Pem.newKeys();

        KeyPair read = Pem.keys(Pem.of(keys));

        assertEquals(keys.getPublic(), read.getPublic());
        assertEquals(keys.getPrivate(), read.getPrivate());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
    void whatIsNoKeyIsRefused(String text) {
        assertThrows(IOException.class, () -> Pem.keys(text));
        assertThrows(IOException.class, () -> Pem.keys(Pem.of(Pem.newKeys().getPrivate()) + text));
    }
}

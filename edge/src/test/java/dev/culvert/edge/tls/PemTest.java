package dev.culvert.edge.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.security.KeyPair;
import java.security.Provider;
import java.security.Security;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {
    /** Apache MINA brings Bouncy Castle's, where there are SSH clients. */
    @Test
    void keysAreOfTheJdkWhateverElseThereIs() throws Exception {
        Provider other = new BouncyCastleProvider();
        boolean brought = Security.addProvider(other) >= 0;
        try {
            KeyPair keys = Pem.newKeys();
            assertEquals(keys.getPrivate(), Pem.keys(Pem.of(keys)).getPrivate());
        } finally {
            if (brought) {
                Security.removeProvider(other.getName());
            }
        }
    }

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

package dev.culvert.edge.acme;

import static dev.culvert.testkit.PromisedBytes.WHAT_TO_DO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.culvert.config.Secret;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SealTest {
    private static final String TEXT = "-----BEGIN PRIVATE KEY-----\nm\u00fcnchen\n";

    private final Seal seal = new Seal(Secret.of("0123456789abcdef"));

    @Test
    void opensWithTheSameSecretForTheSamePurpose() {
        String sealed = seal.seal("shop.example.com", TEXT);

        assertEquals(Optional.of(TEXT), new Seal(Secret.of("0123456789abcdef")).open("shop.example.com", sealed));
        assertEquals(Optional.empty(), seal.open("other.example.com", sealed));
        assertEquals(Optional.empty(), new Seal(Secret.of("0123456789abcdeF")).open("shop.example.com", sealed));
    }

    @Test
    void opensWhatAnotherReleaseHasSealed() {
        // Base64 of twelve bytes of nonce (00 to 0b), the text by AES-256 in GCM, and sixteen bytes of tag; the key is
        // HMAC-SHA256
        // by the secret of "culvert acme", and the purpose is authenticated with it.
        String sealed = "AAECAwQFBgcICQoL+pw6EuOBrbS49n4PDiUXLJLr91AATkYDdaW4C3ObjU2qtoUkCaP/wp6kK7/RUEQpeQbndQo=";
        assertEquals(Optional.of(TEXT), seal.open("shop.example.com", sealed), WHAT_TO_DO);
        assertEquals(sealed.length(), seal.seal("shop.example.com", TEXT).length(), WHAT_TO_DO);
    }

    @Test
    void showsNothingOfTheText() {
        String sealed = seal.seal("a", TEXT);

        assertFalse(sealed.contains("BEGIN"));
        assertFalse(new String(Base64.getDecoder().decode(sealed)).contains("BEGIN"));
        assertNotEquals(sealed, seal.seal("a", TEXT), "a nonce is used once");
    }

    @Test
    void whatSomebodyChangedOpensNoMore() {
        byte[] bytes = Base64.getDecoder().decode(seal.seal("a", TEXT));
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] ^= 1;
            assertEquals(Optional.empty(), seal.open("a", Base64.getEncoder().encodeToString(bytes)));
            bytes[at] ^= 1;
        }
        assertEquals(Optional.empty(), seal.open("a", "no Base64"));
        assertEquals(Optional.empty(), seal.open("a", ""));
    }

    @Test
    void nodeThatIsAloneSealsNothing() {
        assertEquals(Optional.of(TEXT), new Seal(null).open("a", new Seal(null).seal("a", TEXT)));
    }
}

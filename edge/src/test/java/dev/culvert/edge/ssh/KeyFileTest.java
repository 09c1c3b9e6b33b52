package dev.culvert.edge.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.access.NamePatterns;
import dev.culvert.edge.access.ReservedNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyFileTest {
    private static final String ED25519 =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF8eNNX4du2DtRu/wUTe1Em5VWH0IWBIHjBQO0i229iC";
    private static final String FINGERPRINT = "SHA256:HyGhgBKlSq/xOoPiA6R3D4hm+XqoZpB+kYEHw+P2g/s";

    @TempDir
    Path folder;

    @Test
    void keyWithoutAWordIsItsOwnOwnerAndMayHaveAnyName() throws IOException {
        KeyLine line = only("# ours\n\n" + ED25519 + " ann@laptop\n");

        assertEquals(FINGERPRINT, line.fingerprint());
        assertEquals("key:" + FINGERPRINT, line.owner());
        assertEquals(NamePatterns.ANY, line.names());
    }

    @Test
    void ownerAndNamesStandBeforeTheKey() throws IOException {
        KeyLine line = only("owner=\"ann\",names=\"ann-*,tcp:2222\" " + ED25519 + "\n");

        assertEquals("ann", line.identity().owner());
        assertEquals("key:" + FINGERPRINT, line.identity().credential());
        assertEquals(new NamePatterns(List.of("ann-*", "tcp:2222")), line.names());
    }

    @Test
    void nameOfTheTokensFileIsForTheOwnersKeyAndForOneThatHasItLiterally() throws IOException {
        ReservedNames ofAnn = new ReservedNames(Map.of("shop", Set.of("ann"), "tcp:2222", Set.of("ann")));

        assertTrue(isKeptFrom(ofAnn, ED25519));
        assertTrue(isKeptFrom(ofAnn, "owner=\"bob\",names=\"sh*\" " + ED25519));
        assertFalse(isKeptFrom(ofAnn, "owner=\"ann\" " + ED25519));
        assertFalse(isKeptFrom(ofAnn, "names=\"shop\" " + ED25519));
        assertTrue(ofAnn.keepPortFrom(only("names=\"shop\" " + ED25519 + "\n").identity(), 2222));
    }

    private boolean isKeptFrom(ReservedNames names, String line) throws IOException {
        return names.keepHostFrom(only(line + "\n").identity(), "shop.example.com", "example.com");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "from=\"10.0.0.1\" KEY | from is not an option",
                "no-pty KEY | no-pty is not an option",
                "owner=\"a b\" KEY | is not an owner",
                "names=\"A\" KEY | is not a pattern",
                "ssh-ed25519 AAAA | key",
                "nonsense | format"
            })
    void lineThatIsWrongIsNamed(String text, String hint) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "# ours\n" + text.replace("KEY", ED25519) + "\n");

        String fault = assertThrows(IllegalArgumentException.class, () -> new KeyFile("--ssh-keys", file).read())
                .getMessage();

        assertTrue(fault.startsWith(file + ", line 2: "), fault);
        assertTrue(fault.contains(hint), fault);
    }

    @Test
    void keyThatIsThereTwiceIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), ED25519 + "\nowner=\"bob\" " + ED25519 + "\n");

        assertThrows(IllegalArgumentException.class, () -> new KeyFile("--ssh-keys", file).read());
    }

    private KeyLine only(String text) throws IOException {
        Map<String, KeyLine> keys = new KeyFile("--ssh-keys", Files.writeString(folder.resolve("keys"), text)).read();
        assertEquals(1, keys.size());
        return keys.values().iterator().next();
    }
}

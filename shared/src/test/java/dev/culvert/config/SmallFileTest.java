package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallFileTest {
    @TempDir
    Path folder;

    @Test
    void textIsReadUpToItsLimit() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "hellö");

        assertEquals("hellö", SmallFile.text(file, 6));
        assertEquals(
                "it has more than 5 bytes",
                assertThrows(IOException.class, () -> SmallFile.text(file, 5)).getMessage());
    }

    @Test
    void whatIsNoTextIsRefused() throws IOException {
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff});

        assertThrows(CharacterCodingException.class, () -> SmallFile.text(binary, 5));
    }

    @Test
    void deviceThatNeverEndsIsRefused() {
        Path zero = Path.of("/dev/zero");
        assumeTrue(Files.exists(zero));

        assertEquals(
                "/dev/zero: it has more than 1048576 bytes",
                assertThrows(ConfigException.class, () -> YamlSection.read(zero))
                        .getMessage()
                        .replace("cannot use ", ""));
    }
}

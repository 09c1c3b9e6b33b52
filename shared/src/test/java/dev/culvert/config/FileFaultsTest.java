package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileFaultsTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrongWithAFileIsSaidInWords() throws IOException {
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff});

        assertEquals(folder + " is a folder, not a file", faultOf(folder));
        assertEquals("there is no file " + folder.resolve("none"), faultOf(folder.resolve("none")));
        assertEquals(binary + " is not text in UTF-8", faultOf(binary));
        // Root may read everything, so that this one is made up.
        assertEquals(
                "this user may not use " + binary,
                FileFaults.sentence(binary, new AccessDeniedException(binary.toString())));
        assertEquals(
                "cannot use %s: disk full".formatted(binary),
                FileFaults.sentence(binary, new IOException("disk full")));
    }

    private static String faultOf(Path file) {
        return FileFaults.sentence(file, assertThrows(IOException.class, () -> Files.readString(file)));
    }
}

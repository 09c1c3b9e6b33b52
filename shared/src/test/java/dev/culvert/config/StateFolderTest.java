package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StateFolderTest {
    @Test
    void folderOfTheUserIsWhereSystemsHaveThem() {
        Path home = Path.of("/home/ann");
        assertEquals(Path.of("/home/ann/.config/culvert"), StateFolder.of(Map.of(), "Linux", home));
        assertEquals(
                Path.of("/x/culvert"), StateFolder.of(Map.of("XDG_CONFIG_HOME", "/x", "APPDATA", "/y"), "Linux", home));
        assertEquals(
                Path.of("/home/ann/.config/culvert"),
                StateFolder.of(Map.of("XDG_CONFIG_HOME", "relative"), "Linux", home));
        assertEquals(Path.of("/y/culvert"), StateFolder.of(Map.of("APPDATA", "/y"), "Windows 11", home));
        assertEquals(
                Path.of("own"), StateFolder.of(Map.of("CULVERT_HOME", "own", "XDG_CONFIG_HOME", "/x"), "Linux", home));
    }
}

package dev.culvert.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StateFolderTest {
    private static final String ANN = "/home/ann";

    @Test
    void folderOfTheUserIsWhereSystemsHaveThem() {
        assertFolder("/home/ann/.config/culvert", Map.of(), "Linux", ANN);
        assertFolder("/x/culvert", Map.of("XDG_CONFIG_HOME", "/x", "APPDATA", "/y"), "Linux", ANN);
        assertFolder("/home/ann/.config/culvert", Map.of("XDG_CONFIG_HOME", "relative"), "Linux", ANN);
        assertFolder("/y/culvert", Map.of("APPDATA", "/y"), "Windows 11", ANN);
        assertFolder("own", Map.of("CULVERT_HOME", "own", "XDG_CONFIG_HOME", "/x"), "Linux", ANN);
    }

    @Test
    void homeIsWhereTheEnvironmentSaysBeforeTheSystem() {
        assertFolder("/h/.config/culvert", Map.of("HOME", "/h"), "Linux", ANN);
        assertFolder("/home/ann/.config/culvert", Map.of("HOME", "relative"), "Mac OS X", ANN);
        assertFolder("/home/ann/.config/culvert", Map.of("HOME", ""), "Linux", ANN);
        assertFolder("/home/ann/.config/culvert", Map.of("HOME", "/h"), "Windows 11", ANN);
        assertFolder("/x/culvert", Map.of("HOME", "/h", "XDG_CONFIG_HOME", "/x"), "Linux", ANN);
    }

    @Test
    void userWithoutAHomeHasNoFolder() {
        assertEquals(Optional.empty(), StateFolder.of(Map.of(), "Linux", "?"));
        assertFolder("/h/.config/culvert", Map.of("HOME", "/h"), "Linux", "?");
        assertFolder("own", Map.of("CULVERT_HOME", "own"), "Linux", "?");
    }

    private static void assertFolder(String folder, Map<String, String> environment, String system, String user) {
        assertEquals(Optional.of(Path.of(folder)), StateFolder.of(environment, system, user));
    }
}

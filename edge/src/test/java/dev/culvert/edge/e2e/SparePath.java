package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder with links to what the launcher calls, for the variable PATH: with neither Maven nor, unless it is named, Java. */
final class SparePath {
    private static final List<String> CALLED = List.of(
            "bash",
            "env",
            "dirname",
            "readlink",
            "sed",
            "grep",
            "head",
            "tail",
            "find",
            "mkdir",
            "flock",
            "touch",
            "sleep",
            "cat",
            "uname");

    private SparePath() {}

    static String of(Stage stage, String... more) throws IOException {
        Path folder = stage.folder("programs");
        for (String program : Stream.concat(CALLED.stream(), Stream.of(more)).toList()) {
            Path link = folder.resolve(program);
            if (!Files.exists(link)) {
                Files.createSymbolicLink(
                        link, Path.of(Program.installed(program)).toRealPath());
            }
        }
        return folder.toString();
    }
}

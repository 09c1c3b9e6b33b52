package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Packages on a machine that has neither Java nor Maven. */
class PackageIT {
    /** Two archives of 70 MB at most, on a machine that may be busy. */
    private static final Duration PACKING = Duration.ofMinutes(3);

    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void packagesNeedNoJava() throws Exception {
        Program packing = stage.program(
                "package", List.of(Checkout.home().resolve("package").toString()));
        assertEquals(0, packing.exitCode(PACKING), packing::said);
        List<String> archives = packing.out().awaitEnd();
        assertEquals(2, archives.size(), packing::said);
        Path agents = unpacked(archives.get(0));
        Path all = unpacked(archives.get(1));

        // The whole: an edge and what belongs to it
        RunningEdge edge = RunningEdge.of(
                start(all, "edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"), "localhost");
        // The agent's: a tunnel to a folder
        Path folder = stage.folder("site");
        Files.writeString(folder.resolve("index.html"), "from a package");
        start(agents, "http", folder.toString(), "--name", "shop", "--edge", "127.0.0.1:" + edge.lanePort())
                .out()
                .await("http://shop.localhost");
        assertEquals("from a package", edge.get("shop", "/").body());

        Program none = start(agents, "edge");
        assertEquals(1, none.exitCode(), none::said);
        assertTrue(none.err().awaitEnd().get(0).contains("there is one with both"), none::said);
    }

    private Path unpacked(String archive) throws IOException {
        Path into = stage.folder(Path.of(archive).getFileName() + ".d");
        Program tar = stage.program("tar", List.of(Program.installed("tar"), "-C", into.toString(), "-xzf", archive));
        assertEquals(0, tar.exitCode(), tar::said);
        try (Stream<Path> inside = Files.list(into)) {
            return inside.findFirst().orElseThrow();
        }
    }

    private Program start(Path unpacked, String... arguments) throws IOException {
        // What is no Java for a launcher that looks for one.
        Map<String, String> environment = Map.of(
                "PATH", SparePath.of(stage),
                "JAVA_HOME", "/nowhere",
                "CULVERT_HOME", stage.folder("home").toString());
        List<String> command = Stream.concat(
                        Stream.of(unpacked.resolve("culvert").toString()), Stream.of(arguments))
                .toList();
        return stage.keep(Program.start("culvert " + arguments[0], stage.folder(), environment, command));
    }
}

package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A Vite development server on a project of its own: {@code edge/src/test/resources/e2e/vite}, copied.
 *
 * @param project where its sources are, to be edited
 * @param port where it listens
 */
record ViteServer(Program program, Path project, int port) {
    static ViteServer start(Stage stage) throws IOException {
        Path vite = NpmPackages.installed(stage, "vite").resolve("node_modules/vite");
        Path project = stage.folder("vite");
        for (String file : List.of("index.html", "main.js", "message.js", "package.json")) {
            Files.copy(Checkout.fixture("vite").resolve(file), project.resolve(file));
        }
        Program program = stage.keep(Program.start(
                "vite",
                project,
                // No colours in what is parsed below.
                Map.of("NO_COLOR", "1"),
                List.of(
                        Program.installed("node"),
                        vite.resolve("bin/vite.js").toString(),
                        "--host",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(Stage.freePort()),
                        "--strictPort")));
        int port = Integer.parseInt(
                program.out().await("http://127\\.0\\.0\\.1:(\\d+)/").group(1));
        return new ViteServer(program, project, port);
    }

    /** Rewrites a source file, as an editor does. */
    void edit(String file, String text) throws IOException {
        Files.writeString(project.resolve(file), text);
    }
}

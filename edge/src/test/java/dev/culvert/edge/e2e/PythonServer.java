package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A target written in Python.
 *
 * @param port where it listens
 */
record PythonServer(Program program, int port) {
    /** The one that everybody starts: {@code python3 -m http.server}. */
    static PythonServer serving(Stage stage, Path files) throws IOException {
        Program program = stage.program(
                "http.server",
                List.of(
                        Program.installed("python3"),
                        "-u",
                        "-m",
                        "http.server",
                        "0",
                        "--bind",
                        "127.0.0.1",
                        "--directory",
                        files.toString()));
        return new PythonServer(program, port(program));
    }

    /** {@code edge/src/test/resources/e2e/target.py}, whose paths do what its comments say. */
    static PythonServer target(Stage stage) throws IOException {
        Path script = Checkout.fixture("target.py");
        if (!Files.exists(script)) {
            throw new AssertionError("there is no " + script);
        }
        Program program = stage.program("target.py", List.of(Program.installed("python3"), "-u", script.toString()));
        return new PythonServer(program, port(program));
    }

    private static int port(Program program) {
        return Integer.parseInt(
                program.out().await("127\\.0\\.0\\.1 port (\\d+)").group(1));
    }
}

package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Node's gRPC, both ends: {@code edge/src/test/resources/e2e/grpc}, copied.
 *
 * @param server prints which calls their callers gave up
 */
record Grpc(Stage stage, Path folder, Program server, int port) {
    static Grpc start(Stage stage) throws IOException {
        Path folder = stage.folder("grpc");
        Path packages = NpmPackages.installed(stage, "grpc");
        for (String file : List.of("package.json", "echo.js", "server.js", "client.js")) {
            Files.copy(Checkout.fixture("grpc").resolve(file), folder.resolve(file));
        }
        Files.createSymbolicLink(folder.resolve("node_modules"), packages.resolve("node_modules"));
        Program server = node(stage, folder, "server.js");
        int port = Integer.parseInt(server.out().await("port (\\d+)").group(1));
        return new Grpc(stage, folder, server, port);
    }

    /**
     * Calls the service in all ways.
     *
     * @param authorities who signs the certificate of the one that is called; null where it speaks no TLS
     * @return what came of it, line by line
     */
    List<String> call(int port, String authority, @Nullable Path authorities) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(Integer.toString(port), authority));
        if (authorities != null) {
            arguments.add(authorities.toString());
        }
        Program client = node(stage, folder, "client.js", arguments.toArray(String[]::new));
        if (client.exitCode() != 0) {
            throw new AssertionError(client.said());
        }
        return client.out().awaitEnd();
    }

    private static Program node(Stage stage, Path folder, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Program.installed("node"), script));
        command.addAll(List.of(arguments));
        return stage.keep(Program.start(script, folder, Map.of("NO_PROXY", "*", "no_proxy", "*"), command));
    }
}

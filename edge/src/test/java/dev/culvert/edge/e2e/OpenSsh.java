package dev.culvert.edge.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * OpenSSH's own client, with a key of its own and nothing of the machine's configuration.
 *
 * @param key the private key
 */
record OpenSsh(Stage stage, Path key) {
    /** The port in an edge's greeting. */
    private static final Pattern PORT = Pattern.compile("ssh -p (\\d+) -R");

    /** A user with a new key. */
    static OpenSsh user(Stage stage, String name) throws IOException {
        Path key = stage.folder("ssh").resolve(name);
        Program made = stage.program(
                "ssh-keygen",
                List.of(
                        Program.installed("ssh-keygen"),
                        "-q",
                        "-t",
                        "ed25519",
                        "-N",
                        "",
                        "-C",
                        name,
                        "-f",
                        key.toString()));
        if (made.exitCode() != 0) {
            throw new AssertionError("no key" + made.said());
        }
        return new OpenSsh(stage, key);
    }

    /** The file with the public key. */
    Path publicKey() {
        return Path.of(key + ".pub");
    }

    /** Starts {@code ssh} to the edge, and waits for nothing. */
    Program connect(RunningEdge edge, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Program.installed("ssh"), "-F", "none", "-p", Integer.toString(port(edge)), "-i", key.toString()));
        for (String option : List.of(
                "IdentitiesOnly=yes",
                "IdentityAgent=none",
                "StrictHostKeyChecking=no",
                "UserKnownHostsFile=/dev/null",
                "GlobalKnownHostsFile=/dev/null",
                "NumberOfPasswordPrompts=0",
                "ExitOnForwardFailure=yes",
                "LogLevel=INFO")) {
            command.addAll(List.of("-o", option));
        }
        command.addAll(List.of(arguments));
        command.add("127.0.0.1");
        return stage.keep(Program.start("ssh", stage.folder(), Map.of(), command));
    }

    /** Starts {@code ssh -R} for a tunnel, and waits until it says where that is. */
    Program tunnel(RunningEdge edge, String asked, int target) throws IOException {
        Program client = connect(edge, "-R", "%s:127.0.0.1:%d".formatted(asked, target));
        client.out().await("://");
        return client;
    }

    private static int port(RunningEdge edge) {
        return edge.program().out().lines().stream()
                .map(PORT::matcher)
                .filter(Matcher::find)
                .map(found -> Integer.parseInt(found.group(1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(
                        "it has no port for SSH" + edge.program().said()));
    }
}

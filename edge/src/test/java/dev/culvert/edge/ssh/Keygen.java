package dev.culvert.edge.ssh;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Keys and signatures by OpenSSH's own {@code ssh-keygen}.
 *
 * @param key the file with the private key
 */
record Keygen(Path key) {

    /** Makes a key, like {@code -t ed25519}. */
    static Keygen make(Path key, String... kind) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-q", "-N", "", "-f", key.toString()));
        arguments.addAll(List.of(kind));
        run("", arguments);
        return new Keygen(key);
    }

    /** As {@code authorized_keys} has it. */
    String publicLine() throws IOException {
        return Files.readString(Path.of(key + ".pub"));
    }

    /** The bytes of a signature of the text. */
    byte[] sign(String text, String namespace, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-Y", "sign", "-n", namespace, "-f", key.toString()));
        arguments.addAll(List.of(more));
        List<String> armoured = run(text, arguments).strip().lines().toList();
        return Base64.getDecoder().decode(String.join("", armoured.subList(1, armoured.size() - 1)));
    }

    private static String run(String input, List<String> arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of("ssh-keygen"));
        line.addAll(arguments);
        Process process = new ProcessBuilder(line).redirectErrorStream(false).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String told = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(line + ": " + told);
        }
        return printed;
    }
}

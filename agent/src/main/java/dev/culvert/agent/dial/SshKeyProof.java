package dev.culvert.agent.dial;

import dev.culvert.config.FileFaults;
import dev.culvert.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A proof that OpenSSH's own {@code ssh-keygen} signs with an SSH key, for this host and this moment
 * ({@code docs/protocol.md}).
 *
 * @param program which is ssh-keygen, with arguments that stand before all others
 * @param host of the edge, in lower case
 */
record SshKeyProof(List<String> program, Path key, String host, Clock clock) implements TokenSource {
    private static final String NAMESPACE = "culvert";
    private static final String BEGIN = "-----BEGIN SSH SIGNATURE-----";
    private static final String END = "-----END SSH SIGNATURE-----";

    /** It would ask at the terminal, and for each connection: it may by a graphical program, or the key is in ssh-agent. */
    private static final Map<String, String> NO_TERMINAL = Map.of("SSH_ASKPASS_REQUIRE", "force");

    @Override
    public Secret token() throws IOException {
        if (!Files.isRegularFile(key)) {
            throw new IOException(FileFaults.sentence(key, new NoSuchFileException(key.toString())));
        }
        // Joined, not formatted, which would be by the digits of the machine's language.
        long seconds = clock.instant().getEpochSecond();
        CommandRun run = run("culvert lane\n" + host + "\n" + seconds + "\n");
        if (run.exitCode() != 0) {
            throw failure(run);
        }
        return Secret.of("sshsig:" + seconds + ":" + host + ":" + unarmoured(run.printed()));
    }

    /** The next proof is by the same key. */
    @Override
    public boolean mayChange() {
        return false;
    }

    private CommandRun run(String text) throws IOException {
        List<String> line = new ArrayList<>(program);
        line.addAll(List.of(
                "-Y", "sign", "-n", NAMESPACE, "-f", key.toAbsolutePath().toString()));
        try {
            return CommandRun.of("ssh-keygen", line, NO_TERMINAL, text, CommandRun.LONGEST);
        } catch (CommandRun.NotStartedException e) {
            throw new IOException(
                    "there is no ssh-keygen on this machine's PATH: install OpenSSH's client (8.1 or later)", e);
        }
    }

    private IOException failure(CommandRun run) {
        if (run.told().contains("incorrect passphrase")) {
            return new IOException(
                    "%1$s has a passphrase, and nobody to ask for it: put the key into ssh-agent (ssh-add %1$s)"
                            .formatted(key));
        } else if (run.told().contains("No private key found for public key")) {
            return new IOException(
                    "ssh-agent has no private key for %s: put it there (ssh-add), or name its own file".formatted(key));
        }
        return run.failure();
    }

    /** The lines of base64 between the first one and the last. */
    private static String unarmoured(String printed) throws IOException {
        List<String> lines = printed.strip().lines().map(String::strip).toList();
        int last = lines.size() - 1;
        if (last < 2 || !lines.get(0).equals(BEGIN) || !lines.get(last).equals(END)) {
            throw new IOException("ssh-keygen printed no signature");
        }
        return String.join("", lines.subList(1, last));
    }
}

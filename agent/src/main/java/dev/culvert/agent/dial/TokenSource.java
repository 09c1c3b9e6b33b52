package dev.culvert.agent.dial;

import dev.culvert.config.FileFaults;
import dev.culvert.config.Secret;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/**
 * Where an agent's token comes from. It is asked for each connection to the edge: one that has been renewed is told, and one
 * that could not be had is asked for again.
 */
@FunctionalInterface
public interface TokenSource {
    /** More is no token: the longest, of identity providers that list a person's groups, have some 8 KiB. */
    int MOST_BYTES = 16 * 1024;

    /**
     * The token. Called on a thread that may be blocked, one call after the other.
     *
     * @throws IOException where there is none now; its message is shown to people, after "no token: "
     */
    Secret token() throws IOException;

    /** Whether the next call may give another one: an agent whose token was refused asks sooner then. */
    default boolean mayChange() {
        return true;
    }

    /** The same one always. */
    static TokenSource of(Secret token) {
        return new Fixed(token);
    }

    /** What a file holds at the time, which others may replace. */
    static TokenSource ofFile(Path file) {
        return () -> {
            String text;
            try {
                text = SmallFile.text(file, MOST_BYTES).strip();
            } catch (IOException e) {
                throw new IOException(FileFaults.sentence(file, e), e);
            }
            if (text.isEmpty()) {
                throw new IOException(file + " is empty");
            }
            return Secret.of(text);
        };
    }

    /** What a command prints, which the machine's shell runs; it gets 30 s. */
    static TokenSource ofCommand(String line) {
        return new TokenCommand(line, CommandRun.LONGEST);
    }

    /**
     * A signature by an SSH key, for an edge that lists the key. OpenSSH's {@code ssh-keygen} makes it, which must be there; it
     * gets 30 s, and asks nobody for a passphrase but by a graphical program ({@code SSH_ASKPASS}).
     *
     * @param key what {@code ssh-keygen -Y sign -f} takes: a private key, or the public one of a key that ssh-agent has
     */
    static TokenSource ofSshKey(Path key, EdgeAddress edge) {
        return new SshKeyProof(List.of("ssh-keygen"), key, edge.hostPort().host(), Clock.systemUTC());
    }

    /** A token that stays. */
    record Fixed(Secret token) implements TokenSource {
        @Override
        public boolean mayChange() {
            return false;
        }
    }
}

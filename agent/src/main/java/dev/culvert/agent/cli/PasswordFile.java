package dev.culvert.agent.cli;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Password;
import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import dev.culvert.config.WatchedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Passwords that let visitors in: a {@code NAME:PASSWORD} a line, with empty lines and comments after {@code #}. */
record PasswordFile(Path path) implements WatchedFile.Source<Set<Password>> {
    /** For as many passwords as a tunnel may have, and comments. */
    private static final int MOST_BYTES = 64 * 1024;

    /** Some editors begin a file with it. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** The passwords; a {@link ConfigException} where there is none, whose message names the file and the line. */
    @Override
    public Set<Password> read() {
        try {
            Set<Password> passwords = new HashSet<>();
            List<String> lines = SmallFile.text(path, MOST_BYTES).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                String text = line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
                if (!text.isBlank() && !text.strip().startsWith("#")) {
                    passwords.add(password(i + 1, text));
                }
            }
            if (passwords.isEmpty()) {
                throw new ConfigException(path + " has no passwords");
            }
            if (passwords.size() > Admission.MOST) {
                throw new ConfigException("%s has %d passwords, and a tunnel %d at most"
                        .formatted(path, passwords.size(), Admission.MOST));
            }
            return passwords;
        } catch (IOException e) {
            throw new ConfigException(FileFaults.sentence(path, e));
        }
    }

    private Password password(int number, String line) {
        try {
            return Password.parse(line);
        } catch (ConfigException e) {
            throw new ConfigException("%s:%d: %s".formatted(path, number, e.getMessage()));
        }
    }

    /** Whether it can be read more than once: a pipe, which shells make of {@code <(…)}, cannot. */
    boolean mayChange() {
        return Files.isRegularFile(path);
    }

    @Override
    public String inWords(Throwable fault) {
        return String.valueOf(fault.getMessage());
    }

    @Override
    public String toString() {
        return path.toString();
    }
}

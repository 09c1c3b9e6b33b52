package dev.culvert.agent.cli;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.admission.People;
import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Whom a tunnel lets in, of what was chosen on the command line, in variables and in files. */
final class AdmissionChoices {
    /** For as many passwords as a tunnel may have, and comments. */
    private static final int MOST_PASSWORDS_BYTES = 64 * 1024;

    /** Some editors begin a file with it. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private AdmissionChoices() {}

    static Admission of(Choices choices) {
        return new Admission(networks(choices), passwords(choices), people(choices));
    }

    private static Networks networks(Choices choices) {
        requireValue(choices, AgentOption.ALLOW_FROM);
        return choices.read(AgentOption.ALLOW_FROM, Networks::parse).orElse(Networks.NONE);
    }

    private static People people(Choices choices) {
        requireValue(choices, AgentOption.SIGN_IN);
        return new People(choices.readEach(AgentOption.SIGN_IN, People::parse).stream()
                .flatMap(people -> people.all().stream())
                .toList());
    }

    private static Set<Password> passwords(Choices choices) {
        requireValue(choices, AgentOption.BASIC_AUTH);
        requireValue(choices, AgentOption.BASIC_AUTH_FILE);
        AgentOption nearest = choices.nearest(AgentOption.BASIC_AUTH, AgentOption.BASIC_AUTH_FILE)
                .orElse(AgentOption.BASIC_AUTH);
        boolean both = choices.text(AgentOption.BASIC_AUTH).isPresent()
                && choices.text(AgentOption.BASIC_AUTH_FILE).isPresent();
        if (both && choices.isFlag(AgentOption.BASIC_AUTH) == choices.isFlag(AgentOption.BASIC_AUTH_FILE)) {
            throw choices.wrong(AgentOption.BASIC_AUTH_FILE, "there is basic-auth as well; say one of them");
        }
        return nearest == AgentOption.BASIC_AUTH
                ? Set.copyOf(choices.readEach(AgentOption.BASIC_AUTH, Password::parse))
                : choices.read(AgentOption.BASIC_AUTH_FILE, file -> passwords(Path.of(file)))
                        .orElse(Set.of());
    }

    /** What was left empty by mistake must not open the tunnel. */
    private static void requireValue(Choices choices, AgentOption option) {
        if (choices.isLeftEmpty(option)) {
            throw choices.wrong(option, "there is nothing in it; leave it out where everybody may come in");
        }
    }

    private static Set<Password> passwords(Path file) {
        try {
            Set<Password> passwords = new HashSet<>();
            int number = 0;
            for (String line :
                    SmallFile.text(file, MOST_PASSWORDS_BYTES).lines().toList()) {
                number++;
                String text = line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
                if (!text.isBlank() && !text.strip().startsWith("#")) {
                    passwords.add(password(file, number, text));
                }
            }
            if (passwords.isEmpty()) {
                throw new ConfigException(file + " has no passwords");
            }
            return passwords;
        } catch (IOException e) {
            throw new ConfigException(FileFaults.sentence(file, e));
        }
    }

    private static Password password(Path file, int number, String line) {
        try {
            return Password.parse(line);
        } catch (ConfigException e) {
            throw new ConfigException("%s:%d: %s".formatted(file, number, e.getMessage()));
        }
    }

    /** What is said for all commands and cannot hold for these tunnels is refused, or somebody takes them for closed. */
    static void refuse(Choices choices, String instead) {
        for (AgentOption option : List.of(
                AgentOption.BASIC_AUTH, AgentOption.BASIC_AUTH_FILE, AgentOption.SIGN_IN, AgentOption.ALLOW_FROM)) {
            if (choices.text(option).isPresent() || choices.isLeftEmpty(option)) {
                throw choices.wrong(option, instead);
            }
        }
    }
}

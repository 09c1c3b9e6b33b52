package dev.culvert.agent.cli;

import dev.culvert.admission.Admission;
import dev.culvert.admission.Networks;
import dev.culvert.admission.Password;
import dev.culvert.admission.People;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whom a tunnel lets in, of what was chosen on the command line, in variables and in files. */
final class AdmissionChoices {
    private AdmissionChoices() {}

    static Admission of(Choices choices) {
        return new Admission(
                networks(choices), passwords(choices), people(choices), choices.isOn(AgentOption.ALLOW_PREFLIGHT));
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
        boolean both = choices.text(AgentOption.BASIC_AUTH).isPresent()
                && choices.text(AgentOption.BASIC_AUTH_FILE).isPresent();
        if (both && choices.isFlag(AgentOption.BASIC_AUTH) == choices.isFlag(AgentOption.BASIC_AUTH_FILE)) {
            throw choices.wrong(AgentOption.BASIC_AUTH_FILE, "there is basic-auth as well; say one of them");
        }
        return saysFile(choices)
                ? choices.read(AgentOption.BASIC_AUTH_FILE, file -> new PasswordFile(Path.of(file)).read())
                        .orElse(Set.of())
                : Set.copyOf(choices.readEach(AgentOption.BASIC_AUTH, Password::parse));
    }

    /** The file of the passwords, where they are in one. */
    static Optional<PasswordFile> passwordFile(Choices choices) {
        return saysFile(choices)
                ? choices.read(AgentOption.BASIC_AUTH_FILE, file -> new PasswordFile(Path.of(file)))
                : Optional.empty();
    }

    private static boolean saysFile(Choices choices) {
        return choices.nearest(AgentOption.BASIC_AUTH, AgentOption.BASIC_AUTH_FILE)
                .filter(nearest -> nearest == AgentOption.BASIC_AUTH_FILE)
                .isPresent();
    }

    /** What was left empty by mistake must not open the tunnel. */
    private static void requireValue(Choices choices, AgentOption option) {
        if (choices.isLeftEmpty(option)) {
            throw choices.wrong(option, "there is nothing in it; leave it out where everybody may come in");
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

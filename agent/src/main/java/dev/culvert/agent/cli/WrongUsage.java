package dev.culvert.agent.cli;

import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one sentence for whoever typed it. */
final class WrongUsage {
    private WrongUsage() {}

    /**
     * The sentence, with the commands that may have been meant. Of options that are like an unknown one nothing is said: among
     * them are some that nobody should try.
     */
    static String sentence(ParameterException mistake) {
        CommandLine command = mistake.getCommandLine();
        String wrong = mistake instanceof UnmatchedArgumentException unmatched
                ? unmatched(unmatched, !command.getSubcommands().isEmpty())
                : firstLine(mistake);
        return "%s (`%s --help` lists what there is)"
                .formatted(wrong, command.getCommandSpec().qualifiedName());
    }

    private static String unmatched(UnmatchedArgumentException mistake, boolean wantsCommand) {
        // All that stands behind an unknown option is unknown too, and may be a password.
        String first = mistake.getUnmatched().get(0).replaceFirst("=.*", "");
        if (mistake.isUnknownOption()) {
            return "Unknown option: '%s'".formatted(first);
        } else if (wantsCommand) {
            return "Unknown command: '%s'%s".formatted(first, meant(mistake));
        }
        return firstLine(mistake);
    }

    private static String meant(UnmatchedArgumentException mistake) {
        return mistake.getSuggestions().isEmpty()
                ? ""
                : "; did you mean %s?".formatted(String.join(" or ", mistake.getSuggestions()));
    }

    private static String firstLine(ParameterException mistake) {
        return Optional.ofNullable(mistake.getMessage())
                .flatMap(message -> message.lines().findFirst())
                .orElseGet(mistake::toString);
    }
}

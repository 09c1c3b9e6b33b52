package dev.culvert.agent.cli;

import dev.culvert.config.ConfigException;
import dev.culvert.config.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What was chosen for each option: by a flag, else by a variable, else in a file. */
final class Choices {
    private final Map<String, String> flags;
    private final Settings settings;

    /**
     * @param flags values by long name without dashes; {@code true} for a switch
     */
    Choices(Map<String, String> flags, Settings settings) {
        this.flags = Map.copyOf(flags);
        this.settings = settings;
    }

    /** The option's text, where there is one. */
    Optional<String> text(AgentOption option) {
        return Optional.ofNullable(flags.get(option.key)).or(() -> settings.find(option.key));
    }

    /** Which of these options, of which one is enough, was chosen at the nearest place; the first where several were. */
    Optional<AgentOption> nearest(AgentOption... options) {
        return Arrays.stream(options)
                .filter(option -> flags.containsKey(option.key))
                .findFirst()
                .or(() -> settings.nearest(
                                Arrays.stream(options).map(option -> option.key).toList())
                        .flatMap(key -> Arrays.stream(options)
                                .filter(option -> option.key.equals(key))
                                .findFirst()));
    }

    /** The option read by a function whose exception says what is wrong with it. */
    <T> Optional<T> read(AgentOption option, Function<String, T> reader) {
        return text(option).map(text -> read(option, text, reader));
    }

    /** The same where a file may have a list, of each of its items; none where nothing was chosen. */
    <T> List<T> readEach(AgentOption option, Function<String, T> reader) {
        String flag = flags.get(option.key);
        List<String> texts = flag != null ? List.of(flag) : settings.texts(option.key);
        return texts.stream().map(text -> read(option, text, reader)).toList();
    }

    private <T> T read(AgentOption option, String text, Function<String, T> reader) {
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException | ConfigException e) {
            throw wrong(option, String.valueOf(e.getMessage()));
        }
    }

    /** Whether a variable or a file names the option and no place gives it a value. */
    boolean isLeftEmpty(AgentOption option) {
        return !flags.containsKey(option.key)
                && settings.texts(option.key).isEmpty()
                && settings.isLeftEmpty(option.key);
    }

    /** Whether a switch is on. */
    boolean isOn(AgentOption option) {
        return read(option, Choices::yes).orElse(false);
    }

    /** Whether it was chosen by a flag. */
    boolean isFlag(AgentOption option) {
        return flags.containsKey(option.key);
    }

    /** An error that says where the value was written. */
    ConfigException wrong(AgentOption option, String message) {
        String place = flags.containsKey(option.key)
                ? "--" + option.key
                : settings.source(option.key)
                        .map(source -> "%s: %s".formatted(source, option.key))
                        .orElse("--" + option.key);
        return new ConfigException("%s: %s".formatted(place, message));
    }

    static boolean yes(String text) {
        return switch (text) {
            case "true", "yes", "on" -> true;
            case "false", "no", "off" -> false;
            default -> throw new IllegalArgumentException("must be true or false, was " + text);
        };
    }
}

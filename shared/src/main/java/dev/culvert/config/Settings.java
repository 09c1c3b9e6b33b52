package dev.culvert.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a program's options are worth where its command line does not name them: first the variable of the environment,
 * then the files in their order. The option {@code lane-port} is the variable {@code CULVERT_LANE_PORT} and the key
 * {@code lane-port}.
 */
public final class Settings {
    private static final String PREFIX = "CULVERT_";

    private final Map<String, String> environment;
    private final List<YamlSection> files;

    public Settings(Map<String, String> environment, List<YamlSection> files) {
        this.environment = Map.copyOf(environment);
        this.files = List.copyOf(files);
    }

    /**
     * The option's value; empty when neither a variable nor a file has it. A variable that is set to nothing counts as
     * not set.
     *
     * @param option its long name without dashes
     */
    public Optional<String> find(String option) {
        return variable(option).or(() -> files.stream()
                .map(file -> file.text(option))
                .flatMap(Optional::stream)
                .findFirst());
    }

    /**
     * Which of these options, of which one is enough, was chosen at the nearest place: in variables, or in the first file
     * that has one. The first of them where a place has several.
     */
    public Optional<String> nearest(List<String> options) {
        return options.stream()
                .filter(option -> variable(option).isPresent())
                .findFirst()
                .or(() -> files.stream()
                        .flatMap(file -> options.stream()
                                .filter(option -> file.text(option).isPresent()))
                        .findFirst());
    }

    /** The option's texts: where a file has a list, its items. */
    public List<String> texts(String option) {
        return variable(option).map(List::of).orElseGet(() -> files.stream()
                .map(file -> file.texts(option))
                .filter(texts -> !texts.isEmpty())
                .findFirst()
                .orElse(List.of()));
    }

    /** Whether a variable or a file names the option and gives it no value. */
    public boolean isLeftEmpty(String option) {
        String value = environment.get(variableName(option));
        return (value != null && value.isEmpty()) || files.stream().anyMatch(file -> file.isEmpty(option));
    }

    /** Where the option's value comes from, for error messages; empty when it has none. */
    public Optional<String> source(String option) {
        return variable(option)
                .map(value -> "the variable " + variableName(option))
                .or(() -> files.stream()
                        .filter(file -> file.text(option).isPresent())
                        .map(file -> file.placeOf(option))
                        .findFirst());
    }

    /** The variable of an option: {@code CULVERT_LANE_PORT} for {@code lane-port}. */
    public static String variableName(String option) {
        return PREFIX + option.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    private Optional<String> variable(String option) {
        return Optional.ofNullable(environment.get(variableName(option))).filter(value -> !value.isEmpty());
    }
}

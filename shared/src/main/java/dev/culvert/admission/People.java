package dev.culvert.admission;

import dev.culvert.config.ConfigException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Who may come in of those whom an identity provider knows, none or some: {@code ann@example.com}, {@code *@example.com} for
 * all addresses of a domain, {@code group:staff} for a group, {@code *} for all that the provider knows. Letters count the same
 * in both cases, but those of a group do not.
 *
 * @param all each once and always in the same order; in lower case where that makes no difference
 */
public record People(List<String> all) implements Predicate<Person> {
    /** Nobody. */
    public static final People NONE = new People(List.of());

    /** Most characters of one: as many as a mail address has (RFC 5321, 4.5.3.1.3). */
    public static final int MOST_CHARS = 254;

    private static final String EVERYBODY = "*";
    private static final String GROUP = "group:";

    public People {
        all = all.stream().map(People::settled).distinct().sorted().toList();
        all.forEach(People::check);
    }

    /**
     * Reads them with commas between.
     *
     * @throws ConfigException about the first that is none, in words for whoever wrote it
     */
    public static People parse(String text) {
        return new People(Arrays.stream(text.split(",", -1)).map(String::strip).toList());
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** The groups among them. */
    public Set<String> groups() {
        return all.stream()
                .filter(text -> text.startsWith(GROUP))
                .map(text -> text.substring(GROUP.length()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Whether who the provider says it is may come in. */
    @Override
    public boolean test(Person person) {
        String name = inLowerCase(person.name());
        // The domain is what stands behind the last @: what is before it may have one in quotes.
        int at = name.lastIndexOf('@');
        return all.contains(EVERYBODY)
                || (all.contains(name) && !name.startsWith(GROUP)) // Some providers let people choose their name.
                || (at > 0 && all.contains(EVERYBODY + name.substring(at)))
                || person.groups().stream().anyMatch(group -> all.contains(GROUP + group));
    }

    private static String settled(String text) {
        String lower = inLowerCase(text);
        return lower.startsWith(GROUP) ? GROUP + text.substring(GROUP.length()).strip() : lower;
    }

    /** Of ASCII alone: some letters beyond it become ASCII's own in lower case, and so somebody else's name. */
    private static String inLowerCase(String text) {
        StringBuilder lower = new StringBuilder(text);
        for (int at = 0; at < lower.length(); at++) {
            char c = lower.charAt(at);
            lower.setCharAt(at, c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c);
        }
        return lower.toString();
    }

    private static void check(String text) {
        if (text.length() > MOST_CHARS) {
            throw new ConfigException("has %d characters at most, was \"%s\"".formatted(MOST_CHARS, shortened(text)));
        } else if (text.startsWith(GROUP)) {
            checkGroup(text);
        } else {
            checkPerson(text);
        }
    }

    /** Names of groups may have spaces in them, and stars are letters like others. */
    private static void checkGroup(String text) {
        if (text.equals(GROUP)) {
            throw new ConfigException("names no group behind \"group:\"");
        } else if (!text.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
            throw notAscii(text);
        }
    }

    private static void checkPerson(String text) {
        boolean allOfADomain = text.startsWith("*@") && text.length() > 2;
        String exact = text.equals(EVERYBODY) ? "" : allOfADomain ? text.substring(2) : text;
        if (text.isEmpty() || text.startsWith("@") || exact.contains("*") || (allOfADomain && exact.contains("@"))) {
            throw new ConfigException(
                    "must be like ann@example.com, *@example.com, group:staff or * (all whom the provider knows), was \"%s\""
                            .formatted(shortened(text)));
        } else if (!text.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            throw notAscii(text);
        }
    }

    private static ConfigException notAscii(String text) {
        return new ConfigException("has letters, digits and signs of ASCII alone, was \"%s\"".formatted(text));
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}

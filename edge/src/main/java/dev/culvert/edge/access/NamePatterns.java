package dev.culvert.edge.access;

import dev.culvert.config.ConfigException;
import dev.culvert.config.PortRange;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which names an identity may ask for. Each pattern is a label under the edge's domain ({@code shop-*}), or, when it has
 * a dot, a whole host name ({@code *.shop.example}). {@code *} stands for any run of characters but dots; alone it is
 * any name under the edge's domain, and any of its TCP ports. {@code tcp:2222}, {@code tcp:2200-2299} and {@code tcp:*}
 * are ports for raw TCP.
 *
 * <p>Whoever asks on behalf of an agent refuses what is not allowed with
 * {@link dev.culvert.wire.Bound.Code#NOT_ALLOWED}.
 *
 * @param literal those that an operator has written for one name or one port alone, {@code shop} or {@code tcp:2222}; of what
 *     is given here, those that are so
 */
public record NamePatterns(List<String> patterns, Set<String> literal) {
    /** Longer than any host name is a mistake. */
    private static final int LONGEST_PATTERN = 253;

    /** For a sentence. */
    private static final int LONGEST_WORDS = 100;

    private static final Pattern SHAPE = Pattern.compile("[a-z0-9*-]+(\\.[a-z0-9*-]+)*");
    private static final String PORTS = "tcp:";

    /** Any name under the edge's domain, and any of its ports. */
    public static final NamePatterns ANY = new NamePatterns(List.of("*"));

    public NamePatterns {
        patterns = List.copyOf(patterns);
        if (patterns.isEmpty()) {
            throw new IllegalArgumentException("patterns of names must not be empty; * is any name");
        }
        for (String pattern : patterns) {
            boolean ofPorts = pattern.startsWith(PORTS) && ports(pattern).isOn();
            if (!ofPorts
                    && (pattern.length() > LONGEST_PATTERN
                            || !SHAPE.matcher(pattern).matches())) {
                throw new IllegalArgumentException(
                        "%s is not a pattern of names: wanted a label or a host name in lower case, in which * stands for any run of characters but dots"
                                .formatted(pattern));
            }
        }
        literal = literal.stream()
                .filter(NamePatterns::isLiteral)
                .map(pattern ->
                        pattern.startsWith(PORTS) ? ofPort(ports(pattern).first()) : pattern)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** All as an operator has written them. */
    public NamePatterns(List<String> patterns) {
        this(patterns, Set.copyOf(patterns));
    }

    /** Reads patterns that stand in one line with commas between them. */
    public static NamePatterns parse(String text) {
        return new NamePatterns(List.of(text.split(",", -1)));
    }

    /**
     * Whether the name may be had.
     *
     * @param name normalised: a label under the domain, or a whole host name
     * @param domain the edge's domain, normalised
     */
    public boolean allows(String name, String domain) {
        String host = name.indexOf('.') < 0 ? name + '.' + domain : name;
        return patterns.stream()
                .filter(pattern -> !pattern.startsWith(PORTS))
                .map(pattern -> pattern.indexOf('.') < 0 ? pattern + '.' + domain : pattern)
                .anyMatch(pattern -> hostMatches(pattern, host));
    }

    /**
     * A name that may be had, where nobody asks for a certain one: what was made up, in the place of the star of a pattern, of one
     * under the edge's domain where there is one.
     *
     * @return what was made up, where no pattern has a star
     */
    public String nameFrom(String madeUp) {
        if (patterns.contains("*")) {
            return madeUp;
        }
        return patterns.stream()
                .filter(pattern -> !pattern.startsWith(PORTS) && pattern.contains("*"))
                .min(Comparator.comparing(pattern -> pattern.contains(".")))
                .map(pattern -> pattern.replace("*", madeUp))
                .orElse(madeUp);
    }

    /** As they are written in one line; cut off where there are many. */
    public String words() {
        String all = String.join(", ", patterns);
        return all.length() > LONGEST_WORDS ? all.substring(0, LONGEST_WORDS) + "…" : all;
    }

    /** Whether the port for raw TCP may be had. */
    public boolean allowsPort(int port) {
        return patterns.stream()
                .anyMatch(pattern -> pattern.equals("*")
                        || (pattern.startsWith(PORTS) && ports(pattern).contains(port)));
    }

    /** The pattern of one port. */
    static String ofPort(int port) {
        return PORTS + port;
    }

    private static boolean isLiteral(String pattern) {
        return pattern.startsWith(PORTS) ? ports(pattern).size() == 1 : !pattern.contains("*");
    }

    /** The ports of a pattern of ports; fails when it is none. */
    private static PortRange ports(String pattern) {
        String range = pattern.substring(PORTS.length());
        try {
            PortRange ports = range.equals("*") ? PortRange.ALL : PortRange.parse(range);
            if (ports.isOn()) {
                return ports;
            }
        } catch (ConfigException e) {
            // Told below, with all of the pattern.
        }
        throw new IllegalArgumentException(
                "%s is not a pattern of ports: wanted tcp:PORT, tcp:FIRST-LAST or tcp:*".formatted(pattern));
    }

    /** The patterns as one line has them. */
    @Override
    public String toString() {
        return String.join(",", patterns);
    }

    /** A star never reaches over a dot, so hosts match label by label. */
    private static boolean hostMatches(String pattern, String host) {
        String[] wanted = pattern.split("\\.", -1);
        String[] found = host.split("\\.", -1);
        if (wanted.length != found.length) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if (found[i].isEmpty() || !Wildcard.matches(wanted[i], found[i])) {
                return false;
            }
        }
        return true;
    }
}

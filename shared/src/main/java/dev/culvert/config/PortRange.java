package dev.culvert.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * TCP ports to listen on, one beside the other.
 *
 * @param first 1 to 65535; 0 for no port at all
 * @param last the same or more
 */
public record PortRange(int first, int last) {
    private static final int HIGHEST = 65535;

    /** No ports. */
    public static final PortRange OFF = new PortRange(0, 0);

    /** Every port there is. */
    public static final PortRange ALL = new PortRange(1, HIGHEST);

    private static final Pattern SHAPE = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    public PortRange {
        boolean off = first == 0 && last == 0;
        if (!off && (first < 1 || last < first || last > HIGHEST)) {
            throw new IllegalArgumentException(
                    "ports are 1 to %d, the lower first, were %d-%d".formatted(HIGHEST, first, last));
        }
    }

    /**
     * Reads what a person wrote: {@code 2200-2299}, one port, or {@code off}.
     *
     * @throws ConfigException when it is none of them
     */
    public static PortRange parse(String text) {
        // YAML's own word for off is false; both mean the same here.
        if (text.equals("off") || text.equals("false")) {
            return OFF;
        }
        Matcher ports = SHAPE.matcher(text);
        if (!ports.matches()) {
            throw new ConfigException("%s is not a range of ports: write FIRST-LAST, or off".formatted(text));
        }
        int first = Integer.parseInt(ports.group(1));
        int last = ports.group(2) == null ? first : Integer.parseInt(ports.group(2));
        if (first == 0) {
            throw new ConfigException("a range of ports begins with 1 or more, was " + text);
        }
        try {
            return new PortRange(first, last);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    /** Whether there are any. */
    public boolean isOn() {
        return first > 0;
    }

    /** Whether the port is one of them. */
    public boolean contains(int port) {
        return isOn() && first <= port && port <= last;
    }

    /** Whether the two have a port in common. */
    public boolean overlaps(PortRange other) {
        return isOn() && other.isOn() && first <= other.last && other.first <= last;
    }

    /** How many there are. */
    public int size() {
        return isOn() ? last - first + 1 : 0;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return !isOn() ? "off" : first == last ? Integer.toString(first) : first + "-" + last;
    }
}

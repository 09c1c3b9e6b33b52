package dev.culvert.config;

/**
 * A TCP port to listen on.
 *
 * @param number 1 to 65535; 0 for any that is free; -1 for no listener at all
 */
public record ListenPort(int number) {
    /** No listener. */
    public static final ListenPort OFF = new ListenPort(-1);

    /** Whichever port is free. */
    public static final ListenPort FREE = new ListenPort(0);

    private static final int HIGHEST = 65535;

    public ListenPort {
        if (number < -1 || number > HIGHEST) {
            throw new IllegalArgumentException("a port is 1 to %d, was %d".formatted(HIGHEST, number));
        }
    }

    /**
     * Reads what a person wrote: a number, or {@code off}.
     *
     * @throws ConfigException when it is neither
     */
    public static ListenPort parse(String text) {
        // YAML's own word for off is false; both mean the same here.
        if (text.equals("off") || text.equals("false")) {
            return OFF;
        }
        if (text.matches("\\d{1,5}") && Integer.parseInt(text) <= HIGHEST) {
            return new ListenPort(Integer.parseInt(text));
        }
        throw new ConfigException("%s is not a port: write 1 to %d, 0 for a free one, or off".formatted(text, HIGHEST));
    }

    /** Whether there is a listener. */
    public boolean isOn() {
        return number >= 0;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return isOn() ? Integer.toString(number) : "off";
    }
}

package dev.culvert.edge;

/** Somebody else listens on a port that the edge was told to use. The message says what to do. */
public final class PortTakenException extends RuntimeException {
    private final String option;
    private final int port;

    PortTakenException(String option, String address, int port) {
        super(
                "port %d of %s is taken: stop the program that has it (`ss -ltnp 'sport = :%d'` names it) or choose another with --%s"
                        .formatted(port, address, port, option),
                null,
                false,
                false); // An answer to a person, not a fault.
        this.option = option;
        this.port = port;
    }

    /** The long name of the option, without dashes, that chose the port. */
    public String option() {
        return option;
    }

    /** The port. */
    public int port() {
        return port;
    }
}

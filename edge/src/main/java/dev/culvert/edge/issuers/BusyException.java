package dev.culvert.edge.issuers;

/** Work that {@link BoundedThreads} have not done. */
public final class BusyException extends Exception {
    private static final long serialVersionUID = 1;

    private final Why why;

    /** Why not. */
    public enum Why {
        /** More waits than may. */
        TOO_MANY,
        /** It takes too long. */
        TOO_LATE,
        /** The threads have ended this moment. */
        CLOSED
    }

    BusyException(Why why) {
        super(why.toString());
        this.why = why;
    }

    public Why why() {
        return why;
    }
}

package dev.culvert.edge.access;

/** An agent's credentials were refused; the message says what to do, and stands behind a colon where agents show it. */
public final class UnauthorizedException extends RuntimeException {
    public UnauthorizedException(String message) {
        super(message, null, false, false); // An answer, not a fault.
    }
}

package dev.culvert.edge.access;

/** An agent's credentials were refused; the message goes to the agent and says what to do. */
public final class UnauthorizedException extends RuntimeException {
    public UnauthorizedException(String message) {
        super(message, null, false, false); // An answer, not a fault.
    }
}

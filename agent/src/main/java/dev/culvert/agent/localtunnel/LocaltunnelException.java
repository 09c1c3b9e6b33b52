package dev.culvert.agent.localtunnel;

/** There is no tunnel; the message is one sentence for people that says why. */
public final class LocaltunnelException extends RuntimeException {
    private final Code code;

    /** Why, for programs. */
    public enum Code {
        /** The server does not answer, or its tunnel cannot be reached, and it is not tried again. */
        UNREACHABLE,
        /** What answers is no localtunnel server. */
        NO_LOCALTUNNEL,
        /** The server said no. */
        REFUSED,
        /** The target is the server itself. */
        LOOP,
        /** The client was closed before the tunnel was online. */
        CLOSED
    }

    LocaltunnelException(Code code, String message) {
        super(message, null, false, false); // An answer, not a fault.
        this.code = code;
    }

    public Code code() {
        return code;
    }
}

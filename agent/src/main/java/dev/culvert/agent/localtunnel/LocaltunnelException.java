package dev.culvert.agent.localtunnel;

/** There is no tunnel; the message is one sentence for people that says why. */
public final class LocaltunnelException extends RuntimeException {
    LocaltunnelException(String message) {
        super(message, null, false, false); // An answer, not a fault.
    }
}

package dev.culvert.agent.inspect;

/** A request was not sent again; the message says why, for people. */
final class ReplayRefusedException extends RuntimeException {
    ReplayRefusedException(String message) {
        super(message, null, false, false); // An answer, not a fault.
    }
}

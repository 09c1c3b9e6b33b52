package dev.culvert.edge.access;

/**
 * Who an agent is cannot be told at the moment, and is no fault of its credentials: it asks again by itself. The message
 * says what is waited for, and stands behind a colon where agents show it.
 */
public final class UndecidedException extends RuntimeException {
    public UndecidedException(String message) {
        super(message, null, false, false); // An answer, not a fault.
    }
}

package dev.culvert.agent.cli;

/** A command failed; the message is all that the person needs. */
final class CommandFailedException extends RuntimeException {
    CommandFailedException(String message) {
        super(message, null, false, false);
    }
}

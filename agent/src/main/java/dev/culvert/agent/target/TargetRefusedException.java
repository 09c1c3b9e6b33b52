package dev.culvert.agent.target;

/** The target could not be connected to; the message is a sentence for whoever asked. */
final class TargetRefusedException extends RuntimeException {
    TargetRefusedException(String message) {
        super(message, null, false, false); // Expected: targets are stopped and started all day.
    }
}

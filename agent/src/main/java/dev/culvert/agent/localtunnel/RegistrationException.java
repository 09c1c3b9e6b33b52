package dev.culvert.agent.localtunnel;

import java.time.Duration;

/** A server gave no tunnel; the message is a sentence for people. */
final class RegistrationException extends RuntimeException {
    private final Kind kind;
    private final Duration notBefore;

    /** Whether asking again can help. */
    enum Kind {
        /** It does not answer, or says that it cannot now. */
        UNAVAILABLE,
        /** Something else than a localtunnel server answers: a wrong URL, or what stands in front of it for a while. */
        NO_LOCALTUNNEL,
        /** It says no. */
        REFUSED
    }

    RegistrationException(Kind kind, String message) {
        this(kind, message, Duration.ZERO);
    }

    /**
     * The same.
     *
     * @param notBefore how long the server wants to be left alone
     */
    RegistrationException(Kind kind, String message, Duration notBefore) {
        super(message, null, false, false);
        this.kind = kind;
        this.notBefore = notBefore;
    }

    Kind kind() {
        return kind;
    }

    Duration notBefore() {
        return notBefore;
    }
}

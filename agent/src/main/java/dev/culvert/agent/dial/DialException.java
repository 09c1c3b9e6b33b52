package dev.culvert.agent.dial;

import dev.culvert.wire.CloseReason;

/** A lane did not come to stand. The message is for people and says no more than what happened. */
public final class DialException extends RuntimeException {
    private final Kind kind;
    private final CloseReason reason;

    /** How far it came. */
    public enum Kind {
        /** Nobody was asked: the agent's own token is not to be had. */
        NO_TOKEN,
        /** Nobody answered. */
        UNREACHABLE,
        /** Somebody answered who is no edge, or is none that gets to its WELCOME. */
        NO_WELCOME,
        /** Somebody answered who does not prove to be the edge. */
        UNTRUSTED,
        /** The proxy on the way wants other credentials. */
        PROXY,
        /** The edge said no, and why. */
        REFUSED
    }

    DialException(Kind kind, CloseReason reason, String message) {
        super(message, null, false, false); // Expected whenever an edge is restarted.
        this.kind = kind;
        this.reason = reason;
    }

    public Kind kind() {
        return kind;
    }

    /** The edge's reason where it {@linkplain Kind#REFUSED refused}. */
    public CloseReason reason() {
        return reason;
    }

    /** Whether asking again the same way is of little use: a person has to change something first. */
    public boolean needsAPerson() {
        return switch (kind) {
            case UNTRUSTED, PROXY -> true;
            case REFUSED -> reason == CloseReason.UNAUTHORIZED || reason == CloseReason.VERSION_MISMATCH;
            case NO_TOKEN, UNREACHABLE, NO_WELCOME -> false;
        };
    }
}

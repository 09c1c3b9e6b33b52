package dev.culvert.edge.registry;

import dev.culvert.wire.Bound;

/** A name was not given; the {@linkplain #code() code} and the message go to the agent. */
public final class NameRefusedException extends RuntimeException {
    private final Bound.Code code;

    public NameRefusedException(Bound.Code code, String message) {
        super(message, null, false, false); // An answer, not a fault.
        this.code = code;
    }

    public Bound.Code code() {
        return code;
    }
}

package dev.culvert.wire;

import java.util.Locale;

/**
 * Why a stream or a lane ended. Carried on the wire as one byte ({@link #code()}) and used as a metric label
 * ({@link #label()}).
 */
public enum CloseReason {
    /** Both directions finished; not an error. */
    DONE(0, false),
    /** This node holds no claim on the tunnel any more; nothing was delivered. */
    NOT_HELD(1, true),
    /** The node or agent takes no new streams; nothing was delivered. */
    DRAINING(2, true),
    /** The agent could not connect to its target; nothing was delivered, but another holder's target may be up. */
    TARGET_REFUSED(3, true),
    /** The target's connection broke while it was in use. */
    TARGET_FAILED(4, false),
    /** The side that asked for the stream does not want it any more, most often because the visitor left. */
    CANCELLED(5, false),
    /** The peer broke the protocol; the lane carrying it is closed too. */
    PROTOCOL_ERROR(6, false),
    /** The lane that carried the stream ended; how much was delivered is not known. */
    LANE_LOST(7, false),
    /** The peer was silent for two and a half ping intervals. */
    SILENT(8, false),
    /** The process was over its window budget and this stream had stood still the longest; or it has no room for one more stream, or lane. */
    OVERLOADED(9, false),
    /** The agent's credentials were refused, or were revoked. */
    UNAUTHORIZED(10, false),
    /** The peers have no protocol version in common. */
    VERSION_MISMATCH(11, false),
    /** A newer lane of the same agent instance has taken this one's place. */
    REPLACED(12, false),
    /** This node has a live lane of this agent instance already; dial again to reach another node. */
    ALREADY_HERE(13, false),
    /** The side that sends this is stopping for good. */
    CLOSED(14, false),
    /** The lane has no stream ids left; open another one. */
    IDS_EXHAUSTED(15, true),
    /** The sender's own mistake. */
    INTERNAL(16, false),
    /** The tunnel lets in nobody from where the visitor is; its agent was not asked. */
    NOT_ADMITTED(17, false),
    /** Who the agent is cannot be told at the moment, because whoever could say so is not reached; to be asked again. */
    UNDECIDED(18, false);

    private static final CloseReason[] BY_CODE = values();

    private final int code;
    private final boolean retryable;
    private final String label = name().toLowerCase(Locale.ROOT);

    CloseReason(int code, boolean retryable) {
        this.code = code;
        this.retryable = retryable;
    }

    /** The byte on the wire, 0 to 255; never changes its meaning. */
    public int code() {
        return code;
    }

    /** Whether another holder may be asked: true only where the reason itself proves that nothing was delivered. */
    public boolean retryable() {
        return retryable;
    }

    /** The reason as logs and metrics show it, for example {@code target_refused}. */
    public String label() {
        return label;
    }

    /** The reason with this code; {@link #INTERNAL} for codes of a newer peer. */
    public static CloseReason of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : INTERNAL;
    }
}

package dev.culvert.agent;

/** A tunnel was not opened; the message is one sentence for people that says why. */
public final class AgentException extends RuntimeException {
    private final Code code;

    /** Why, for programs. */
    public enum Code {
        /** No edge answers at its address. */
        NO_EDGE,
        /** What answers does not prove to be the edge. */
        UNTRUSTED,
        /** The proxy on the way to the edge wants other credentials. */
        PROXY_REFUSED,
        /** The agent's own token is not to be had: its file or its command gave none. */
        NO_TOKEN,
        /** The edge does not know the token, or lets no anonymous agents in. */
        UNAUTHORIZED,
        /** Edge and agent have no protocol version in common. */
        VERSION_MISMATCH,
        /** The edge said no for another reason. */
        REFUSED,
        /** The name is another's, or is in use. */
        NAME_TAKEN,
        /** The target is the edge itself. */
        LOOP,
        /** The folder cannot be served. */
        FOLDER,
        /** The inspector cannot listen. */
        INSPECTOR,
        /** The agent or the tunnel was closed before it was online. */
        CLOSED
    }

    AgentException(Code code, String message) {
        super(message, null, false, false); // An answer, not a fault.
        this.code = code;
    }

    public Code code() {
        return code;
    }
}

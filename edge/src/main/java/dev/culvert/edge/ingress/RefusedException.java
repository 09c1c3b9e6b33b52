package dev.culvert.edge.ingress;

/** A request gets an answer of the edge's own. */
final class RefusedException extends RuntimeException {
    private final transient Reply reply;

    RefusedException(Reply reply) {
        super(reply.code() + ": " + reply.text(), null, false, false); // An answer, not a fault.
        this.reply = reply;
    }

    Reply reply() {
        return reply;
    }
}

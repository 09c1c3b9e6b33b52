package dev.culvert.edge.admin;

/** Whether a node takes visitors, and if not, why. */
public enum Readiness {
    STARTING("it is starting"),
    READY("it takes visitors"),
    DRAINING("it is about to stop"),
    /** For good: whoever runs it has to start another. */
    BROKEN("its Hazelcast has stopped by itself, as it does when memory runs out; restart this node");

    private final String reason;

    Readiness(String reason) {
        this.reason = reason;
    }

    /** In words, of the node as "it". */
    String reason() {
        return reason;
    }
}

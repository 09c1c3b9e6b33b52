package dev.culvert.edge.admin;

import java.util.function.IntSupplier;

/**
 * The relay between nodes in numbers. Safe for use by any thread.
 *
 * @param streams how many are open to and from other nodes
 * @param unreached other nodes to which no link comes to stand
 */
public record RelayFigures(IntSupplier streams, IntSupplier unreached) {
    /** Of a node that is alone, or has none yet. */
    public static final RelayFigures NONE = new RelayFigures(() -> 0, () -> 0);
}

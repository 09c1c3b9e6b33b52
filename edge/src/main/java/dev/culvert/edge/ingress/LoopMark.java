package dev.culvert.edge.ingress;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Arrays;

/**
 * Finds requests that come back again and again, because a tunnel's target leads to the tunnel: each edge on the way adds its mark
 * (RFC 8586). Some times may be meant: an edge behind another one, or a target that asks its own public name.
 */
final class LoopMark {
    /** Passes through edges; more are a loop. */
    static final int MOST = 5;

    private static final AsciiString FIELD = AsciiString.cached("cdn-loop");
    private static final String OURS = "culvert";

    private LoopMark() {}

    /** Whether the visitor's request has been here too often. */
    static boolean isLoop(HttpHeaders visitors) {
        return visitors.contains(FIELD)
                && visitors.getAll(FIELD).stream()
                                .flatMap(field -> Arrays.stream(field.split(",")))
                                .filter(mark -> mark.strip().equalsIgnoreCase(OURS))
                                .count()
                        >= MOST;
    }

    /** Marks what goes to the target, behind the marks that it has. */
    static void add(HttpHeaders targets) {
        targets.add(FIELD, OURS);
    }
}

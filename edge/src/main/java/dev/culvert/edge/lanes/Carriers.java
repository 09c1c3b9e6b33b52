package dev.culvert.edge.lanes;

import dev.culvert.edge.registry.Tunnel;
import java.util.List;

/** Finds what can reach a tunnel's target from this node. */
public interface Carriers {
    /** The carriers to try for the tunnel, the best first; empty when no claim is in force. Any thread. */
    List<Carrier> to(Tunnel tunnel);
}

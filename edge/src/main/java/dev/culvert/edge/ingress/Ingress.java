package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.lane.WindowBudget;
import org.jspecify.annotations.Nullable;

/**
 * What every exchange needs. Safe for use by any thread.
 *
 * @param http2Windows what the windows of bodies that come by HTTP/2, from visitors and targets, may grow by
 * @param heads what large heads may take of the heap
 * @param lanes where agents go who come by WebSocket or by TLS
 * @param reception where it is decided what becomes of a request
 * @param rates how often each visitor has asked; null where nobody counts
 * @param tunnelRates how often tunnels were asked for that do not take as much as comes
 * @param log where it is written down what visitors asked for
 */
record Ingress(
        IngressOptions options,
        Registry registry,
        Carriers carriers,
        Traffic traffic,
        Routes routes,
        OpenVisitors visitors,
        WindowBudget http2Windows,
        WindowBudget heads,
        LaneDoor lanes,
        Reception reception,
        @Nullable VisitorRates rates,
        TunnelRates tunnelRates,
        AccessLog log) {

    /** Whether it is written down what visitors ask for. */
    boolean writesDown() {
        return log != AccessLog.NONE;
    }
}

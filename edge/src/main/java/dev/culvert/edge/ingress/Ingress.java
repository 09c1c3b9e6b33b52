package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Registry;
import dev.culvert.lane.WindowBudget;

/**
 * What every exchange needs. Safe for use by any thread.
 *
 * @param uploads what the windows of uploads by HTTP/2 may grow by
 */
record Ingress(
        IngressOptions options,
        Registry registry,
        Carriers carriers,
        Traffic traffic,
        Routes routes,
        OpenVisitors visitors,
        WindowBudget uploads,
        LaneDoor lanes,
        OwnPages pages) {}

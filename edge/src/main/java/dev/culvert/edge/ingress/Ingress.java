package dev.culvert.edge.ingress;

import dev.culvert.edge.lanes.Carriers;
import dev.culvert.edge.registry.Registry;

/** What every exchange needs. Safe for use by any thread. */
record Ingress(
        IngressOptions options,
        Registry registry,
        Carriers carriers,
        Traffic traffic,
        Routes routes,
        OpenVisitors visitors) {}

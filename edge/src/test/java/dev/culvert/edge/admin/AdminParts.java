package dev.culvert.edge.admin;

import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.Offer;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.WindowBudget;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** What the tests of this package look at. */
final class AdminParts {
    private static final CertificateFigures CERTIFICATES =
            new CertificateFigures(() -> 1.8e9, () -> 1.9e9, () -> 3, () -> 2);

    private static final RelayFigures RELAY = new RelayFigures(() -> 9, () -> 1);

    private AdminParts() {}

    /** A node with real parts that nobody has connected to. */
    static LocalNode node(String id, Registry registry, BooleanSupplier ready) {
        return node(id, registry, ready, new Traffic());
    }

    static LocalNode node(String id, Registry registry, BooleanSupplier ready, Traffic traffic) {
        WindowBudget budget = new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes());
        Binder binder =
                new Binder(registry, Offer.ofHttp("localhost", host -> "http://" + host), () -> ReservedNames.NONE);
        Lanes lanes = new Lanes(registry, new AnonymousAuthenticator(), binder, LaneOptions.DEFAULT, budget, 100);
        return new LocalNode(
                about(id),
                registry,
                lanes,
                lanes,
                traffic,
                () -> ready.getAsBoolean() ? Readiness.READY : Readiness.DRAINING,
                () -> !ready.getAsBoolean(),
                CERTIFICATES,
                RELAY);
    }

    static About about(String id) {
        return new About(id, "label-" + id, "127.0.0.1:7080", "1.2.3", 5_000);
    }

    static NodeStatus status(String id, Map<TunnelKey, Traffic.Counts> tunnels, Map<String, String> agents) {
        Traffic.Counts total = tunnels.values().stream().reduce(new Traffic.Counts(0, 0, 0, 0), Traffic.Counts::plus);
        return new NodeStatus(about(id), false, false, new NodeStatus.Load(7, 8, 9, total), tunnels, agents);
    }
}

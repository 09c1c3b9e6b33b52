package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.culvert.admission.Admission;
import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.Offer;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.WindowBudget;
import io.vertx.core.Vertx;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundTunnelsTest {
    private static final Registry.Request SHOP = new Registry.Request(
            TunnelKey.ofHost("shop.example.com"),
            "ann",
            "http",
            new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY),
            FakeRegistry.CLAIM,
            null,
            false);

    private final Vertx vertx = Vertx.vertx();
    private final HeardTunnels heard = new HeardTunnels();
    private final BoundTunnels tunnels = tunnels();

    @AfterEach
    void stop() {
        Nodes.await(vertx.close());
    }

    @Test
    void whatIsStillThereAtTheEndIsToldToBeGone() throws Exception {
        tunnels.granted(SHOP);
        BoundTunnel bound = heard.await(true);

        Nodes.await(tunnels.close());

        assertEquals(new HeardTunnels.Heard(false, bound), heard.poll());
    }

    @Test
    void nothingIsToldAfterTheEnd() {
        Nodes.await(tunnels.close());

        tunnels.granted(SHOP);
        tunnels.gone(SHOP);

        Nodes.await(tunnels.close());
        assertNull(heard.poll());
    }

    /** Its agent was gone before it had the name. */
    @Test
    void whereSomebodyWhoHasGoneCameFromIsNotKnown() throws Exception {
        tunnels.granted(SHOP);

        assertEquals(
                new BoundTunnel("shop", "http://shop.example.com", "http", "ann", "agent-1", "lane-1", null),
                heard.await(true));
    }

    private BoundTunnels tunnels() {
        FakeRegistry registry = new FakeRegistry();
        Binder binder =
                new Binder(registry, Offer.ofHttp("example.com", host -> "http://" + host), () -> ReservedNames.NONE);
        Lanes lanes = new Lanes(
                registry,
                new AnonymousAuthenticator(),
                binder,
                LaneOptions.DEFAULT,
                new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes()),
                100);
        return new BoundTunnels(heard, vertx.getOrCreateContext(), binder, lanes);
    }
}

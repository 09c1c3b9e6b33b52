package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All edges are started again, one after the other, and nobody notices: no visitor tries anything twice. */
class RollingRestartIT {
    private static final List<String> NAMES = List.of("shop", "blog", "wiki", "mail");

    /** At least so many requests. */
    private static final int REQUESTS = 100_000;

    /** Bounds the load, should the restarts never end. */
    private static final int MOST_REQUESTS = CountingTarget.MOST_REQUESTS;

    /** Between two restarts, so that each node carries visitors in between. */
    private static final int BETWEEN = 2000;

    @RegisterExtension
    final Stage stage = new Stage();

    private RunningCluster cluster;
    private HaProxy haproxy;
    private CountingTarget target;

    @BeforeEach
    void tunnels() throws Exception {
        // The balancer asks for readiness five times a second.
        cluster = RunningCluster.start(stage, 3, "--drain-notice", "2s");
        haproxy = HaProxy.before(stage, cluster);
        target = stage.keep(CountingTarget.start());
        for (int agent = 0; agent < 2; agent++) {
            RunningAgent.ofMany(
                    stage,
                    "home-" + agent,
                    haproxy.lanes(),
                    target.port(),
                    NAMES.subList(agent * NAMES.size() / 2, (agent + 1) * NAMES.size() / 2));
        }
        for (String name : NAMES) {
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .until(() -> cluster.holdersOf(name).size() == 2);
        }
    }

    /**
     * Half of the visitors come through HAProxy, half through nginx, which keeps its connections for the next of them.
     * This nginx asks nobody whether they are ready, so that HAProxy does it for it; that it keeps its connections is the
     * edges' matter all the same: they have to end them between two requests.
     */
    @Test
    void nobodyNoticesWhenAllAreStartedAgain() throws Exception {
        Nginx nginx = Nginx.before(stage, List.of(haproxy.httpPort()));
        List<String> hosts = NAMES.stream().map(name -> name + ".localhost").toList();
        List<Integer> ports = List.of(haproxy.httpPort(), nginx.port());
        try (Load load = Load.start(ports, hosts, 8, 4, MOST_REQUESTS)) {
            load.awaitMore(BETWEEN);
            for (int place = 0; place < 3; place++) {
                restart(place);
                load.awaitMore(BETWEEN);
            }
            while (load.answered() < REQUESTS) {
                load.awaitMore(Math.min(BETWEEN, REQUESTS - load.answered()));
            }
            load.stop();
            load.assertNoneFailed();
            load.assertEachDeliveredOnce(target);
        }
    }

    /** While a download runs through each node, in the middle of which the node is told to stop. */
    private void restart(int place) throws Exception {
        String download = "of-" + place;
        Map<Visitor, MessageDigest> downloads = new LinkedHashMap<>();
        for (RunningEdge node : cluster.nodes()) {
            Visitor visitor = stage.keep(node.visitor());
            Answer head = visitor.get(node.host("shop"), "/halves/" + download).head();
            assertEquals(200, head.status(), head::toString);
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(visitor.bytes(CountingTarget.HALF_BYTES));
            downloads.put(visitor, digest);
        }
        RunningEdge node = cluster.node(place);

        node.program().terminate();
        Awaitility.await().atMost(Stage.PATIENCE).until(() -> !node.isReady());
        assertTrue(node.program().isAlive(), "it did not wait for its downloads");
        target.goOn(download);

        List<String> digests = new ArrayList<>();
        for (Map.Entry<Visitor, MessageDigest> running : downloads.entrySet()) {
            running.getValue().update(running.getKey().bytes(CountingTarget.HALF_BYTES));
            digests.add(HexFormat.of().formatHex(running.getValue().digest()));
            running.getKey().close();
        }
        String whole =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(CountingTarget.halves()));
        assertEquals(List.of(whole, whole, whole), digests);
        assertEquals(0, node.program().exitCode(), () -> node.program().said());
        cluster.start(place);
        haproxy.await(place, true);
    }
}

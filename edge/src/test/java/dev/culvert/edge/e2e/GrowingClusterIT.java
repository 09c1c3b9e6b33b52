package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes and agents that come and go while visitors do. */
class GrowingClusterIT {
    /** So many requests tell whether somebody has a share of them. */
    private static final int SHARE = 2000;

    private static final String TAKEN = ".*(?i)(taken|owner|belongs).*";

    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void nodeThatIsAddedUnderLoadTakesItsShareAndFailsNobody() throws Exception {
        RunningCluster cluster = RunningCluster.of(stage, 3);
        cluster.start(0, 1);
        HaProxy haproxy = HaProxy.before(stage, cluster);
        CountingTarget target = stage.keep(CountingTarget.start());
        List<String> names = List.of("shop", "blog");
        RunningAgent.ofMany(stage, "home", haproxy.lanes(), target.port(), names);
        List<String> hosts = names.stream()
                .map(name -> name + ".localhost:" + haproxy.httpPort())
                .toList();

        try (Load load = Load.start(List.of(haproxy.httpPort()), hosts, 4, 4, CountingTarget.MOST_REQUESTS)) {
            load.awaitMore(SHARE);
            cluster.start(2);
            haproxy.await(2, true);
            load.awaitMore(SHARE);
            load.stop();

            load.assertNoneFailed();
            load.assertEachDeliveredOnce(target);
        }
        // Only the visitors without a kept connection reach it: about a sixth of all since then.
        assertTrue(
                cluster.node(2).requests() > SHARE / 20,
                "the new node had " + cluster.node(2).requests());
    }

    @Test
    void nodesThatStartAtOnceAreOneCluster() throws Exception {
        RunningCluster cluster = RunningCluster.start(stage, 3);
        CountingTarget target = stage.keep(CountingTarget.start());
        for (int place = 0; place < 3; place++) {
            stage.agent(cluster.node(place), target.port(), "--name", "at-" + place)
                    .awaitOnline();
        }

        for (RunningEdge node : cluster.nodes()) {
            assertEquals(3, node.tunnels().size());
            for (int place = 0; place < 3; place++) {
                String host = node.host("at-" + place);
                assertEquals(
                        CountingTarget.answerTo(host, 0),
                        node.get("at-" + place, "/r/0").body());
            }
        }
    }

    @Test
    void nodeThatFindsNoneOfTheOthersIsReadyAlone() throws Exception {
        RunningCluster cluster = RunningCluster.of(stage, 3);
        cluster.start(1);
        RunningEdge alone = cluster.node(1);
        CountingTarget target = stage.keep(CountingTarget.start());

        assertTrue(alone.isReady());
        stage.agent(alone, target.port(), "--name", "shop").awaitOnline();
        assertEquals(
                CountingTarget.answerTo(alone.host("shop"), 0),
                alone.get("shop", "/r/0").body());
    }

    @Test
    void agentsOfAPoolShareVisitorsAndNobodyNoticesWhenOneStops() throws Exception {
        RunningCluster cluster = RunningCluster.start(stage, 2);
        HaProxy haproxy = HaProxy.before(stage, cluster);
        CountingTarget first = stage.keep(CountingTarget.start());
        CountingTarget second = stage.keep(CountingTarget.start());
        RunningAgent stays = pooled(haproxy.lanes(), first);
        RunningAgent stops = pooled(haproxy.lanes(), second);
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> cluster.node(0).instancesOf("shop").size() == 2
                        && cluster.node(1).instancesOf("shop").size() == 2);
        String host = "shop.localhost:" + haproxy.httpPort();

        try (Load load = Load.start(List.of(haproxy.httpPort()), List.of(host), 4, 4, CountingTarget.MOST_REQUESTS)) {
            load.awaitMore(2 * SHARE);
            assertTrue(first.deliveries() > SHARE / 4, "the first agent had " + first.deliveries());
            assertTrue(second.deliveries() > SHARE / 4, "the second agent had " + second.deliveries());
            stops.program().terminate();
            assertEquals(0, stops.program().exitCode(), () -> stops.program().said());
            load.awaitMore(SHARE);
            load.stop();

            load.assertNoneFailed();
            load.assertEachDeliveredOnce(first, second);
        }
        assertTrue(stays.program().isAlive());
    }

    @Test
    void anotherNodeRefusesWhoWouldTakeANameAndSaysWhy() throws Exception {
        RunningCluster cluster = RunningCluster.start(stage, 2);
        CountingTarget target = stage.keep(CountingTarget.start());
        stage.agentOf("ann", cluster.node(0), target.port(), "--name", "alone").awaitOnline();
        stage.agentOf("ann", cluster.node(0), target.port(), "--name", "both", "--pool")
                .awaitOnline();

        // The same owner, who does not pool: each waits a while, because it may be its own earlier life.
        RunningAgent alone = stage.agentOf("ann", cluster.node(1), 9, "--name", "alone");
        RunningAgent pooling = stage.agentOf("ann", cluster.node(1), 9, "--name", "alone", "--pool");
        RunningAgent ofBoth = stage.agentOf("ann", cluster.node(1), 9, "--name", "both");
        // Another owner.
        assertRefused(stage.agentOf("bob", cluster.node(1), 9, "--name", "alone"), "alone" + TAKEN);
        assertRefused(stage.agentOf("bob", cluster.node(1), 9, "--name", "both", "--pool"), "both" + TAKEN);
        assertRefused(alone, "alone.*--pool");
        assertRefused(pooling, "alone.*--pool");
        assertRefused(ofBoth, "both.*--pool");

        for (String name : List.of("alone", "both")) {
            RunningEdge other = cluster.node(1);
            assertEquals(
                    CountingTarget.answerTo(other.host(name), 0),
                    other.get(name, "/r/0").body());
        }
    }

    private RunningAgent pooled(String lanes, CountingTarget target) throws Exception {
        RunningAgent agent =
                RunningAgent.start(stage, "home", Map.of(), lanes, "" + target.port(), "--name", "shop", "--pool");
        agent.awaitOnline();
        return agent;
    }

    /** Ends with one sentence about it, and a failure. */
    private static void assertRefused(RunningAgent agent, String sentence) {
        assertEquals(1, agent.program().exitCode(), () -> agent.program().said());
        List<String> said = agent.program().err().awaitEnd();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).matches("culvert: .*" + sentence + ".*"), said::toString);
    }
}

package dev.culvert.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.culvert.agent.Agent;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Three edges that are one platform. */
class EdgeClusterTest {
    private static Cluster cluster;

    @BeforeAll
    static void start() {
        cluster = Cluster.start(3);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void everyTunnelAnswersThroughEveryNode() throws Exception {
        // Given an agent at each node
        for (int node = 0; node < 3; node++) {
            Agent agent = cluster.agent(cluster.get(node).ports().lane(), 1);
            String name = "at-" + node;
            Nodes.await(agent.open(TunnelOptions.http(cluster.site(name)).withName(name)));
        }

        for (int node = 0; node < 3; node++) {
            for (int tunnel = 0; tunnel < 3; tunnel++) {
                String name = "at-" + tunnel;
                assertEquals(
                        name,
                        Cluster.visit(cluster.get(node), name + ".localhost").body());
            }
        }
    }
}

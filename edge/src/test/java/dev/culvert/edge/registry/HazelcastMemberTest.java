package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.HazelcastInstance;
import io.vertx.core.Vertx;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HazelcastMemberTest {
    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        await(vertx.close());
    }

    @Test
    void aNodeAloneListensOnLoopbackAndIsJoinedByNobody() {
        HazelcastMember one = await(HazelcastMember.alone(vertx));
        HazelcastMember two = await(HazelcastMember.alone(vertx));
        try {
            HazelcastInstance hazelcast = one.hazelcast();
            assertTrue(hazelcast
                    .getCluster()
                    .getLocalMember()
                    .getAddress()
                    .getHost()
                    .equals("127.0.0.1"));
            assertEquals("false", hazelcast.getConfig().getProperty("hazelcast.socket.bind.any"));
            assertEquals(1, hazelcast.getCluster().getMembers().size());
            assertEquals(1, two.hazelcast().getCluster().getMembers().size());
            assertNotEquals(one.nodeId(), two.nodeId());
            assertNotEquals(
                    hazelcast.getConfig().getClusterName(),
                    two.hazelcast().getConfig().getClusterName());
        } finally {
            await(one.close(vertx));
            await(two.close(vertx));
        }
        assertFalse(one.hazelcast().getLifecycleService().isRunning());
    }

    @Test
    void theRegistryRunsOnItAndLeavesQuietly() {
        HazelcastMember member = HazelcastMember.alone();
        HazelcastRegistry registry = await(HazelcastRegistry.start(vertx, member, RegistryOptions.DEFAULT));
        Claim claim = new Claim(member.nodeId(), "lane-1", "agent-1");
        assertEquals(
                Set.of(claim),
                await(registry.bind(request("shop", "ann", claim))).tunnel().claims());
        assertEquals("ann", registry.find(host("shop")).owner());
        assertEquals(member.nodeId(), registry.nodeId());
        await(registry.close());
        member.close();
        await(registry.close()); // Twice does no harm.
    }
}

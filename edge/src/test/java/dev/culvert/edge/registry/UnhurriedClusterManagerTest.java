package dev.culvert.edge.registry;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UnhurriedClusterManagerTest {
    @Test
    void tidyingUpAfterADeathHoldsNobodyUp() throws Exception {
        HazelcastInstance hazelcast = HazelcastMember.alone().hazelcast();
        try {
            UnhurriedClusterManager manager = new UnhurriedClusterManager(hazelcast);
            Cluster cluster = hazelcast.getCluster();
            MembershipEvent death = new MembershipEvent(
                    cluster, cluster.getLocalMember(), MembershipEvent.MEMBER_REMOVED, cluster.getMembers());

            // While somebody has the lock that Vert.x holds for as long as it tidies up
            synchronized (manager) {
                // Then who tells the next death comes back
                CompletableFuture.runAsync(() -> manager.memberRemoved(death)).get(10, TimeUnit.SECONDS);
            }
        } finally {
            hazelcast.getLifecycleService().terminate();
        }
    }
}

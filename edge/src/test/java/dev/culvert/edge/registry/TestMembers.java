package dev.culvert.edge.registry;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import org.jspecify.annotations.Nullable;

/** Members of a cluster on loopback, for tests of other packages, which need not know Hazelcast. */
public final class TestMembers {
    private TestMembers() {}

    /**
     * Starts a member. Blocks: the first of a cluster takes two seconds.
     *
     * @param cluster a name that no other test uses
     * @param first the member to join; null for the first one
     */
    public static HazelcastMember join(String cluster, @Nullable HazelcastMember first) {
        Config config = MemberConfig.beside("off");
        config.setClusterName(cluster);
        config.setProperty("hazelcast.partition.count", "11");
        config.getMapConfig(HazelcastRegistry.TUNNELS).setBackupCount(2);
        config.getMapConfig("culvert.secrets").setBackupCount(2);
        config.getMultiMapConfig("__vertx.subs").setBackupCount(2);
        config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
        if (first != null) {
            config.getNetworkConfig().getJoin().getTcpIpConfig().addMember("127.0.0.1:" + portOf(first));
        }
        return HazelcastMember.start(config);
    }

    /** Ends a member as kill -9 does. */
    public static void kill(HazelcastMember member) {
        member.hazelcast().getLifecycleService().terminate();
    }

    /** Ends the member of this JVM that listens on the port, as kill -9 does. */
    public static void killAt(int port) {
        Hazelcast.getAllHazelcastInstances().stream()
                .filter(one -> one.getCluster().getLocalMember().getAddress().getPort() == port)
                .forEach(one -> one.getLifecycleService().terminate());
    }

    private static int portOf(HazelcastMember member) {
        return member.hazelcast().getCluster().getLocalMember().getAddress().getPort();
    }
}

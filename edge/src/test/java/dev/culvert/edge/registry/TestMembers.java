package dev.culvert.edge.registry;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.instance.impl.OutOfMemoryHandlerHelper;
import java.util.Set;
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
        config.getMapConfig(GivenBack.MAP).setBackupCount(2);
        config.getMultiMapConfig("__vertx.subs").setBackupCount(2);
        if (first != null) {
            new MemberNetwork(config).join().getTcpIpConfig().addMember("127.0.0.1:" + portOf(first));
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

    /** Ends the member of this JVM that listens on the port, as Hazelcast does itself after an OutOfMemoryError. */
    public static void endForWantOfMemoryAt(int port) {
        Hazelcast.getAllHazelcastInstances().stream()
                .filter(one -> one.getCluster().getLocalMember().getAddress().getPort() == port)
                .forEach(one -> OutOfMemoryHandlerHelper.tryShutdown(((HazelcastInstanceProxy) one).getOriginal()));
    }

    /**
     * What the members of this JVM have done so far.
     *
     * @param ofRegistry reads and changes of the registry's map, anywhere
     * @param all operations of any kind, those included by which members watch each other
     */
    public record Operations(long ofRegistry, long all) {
        /** Those since then. */
        public Operations since(Operations before) {
            return new Operations(ofRegistry - before.ofRegistry, all - before.all);
        }
    }

    /** What the members that listen on these ports have done so far. */
    public static Operations operationsAt(Set<Integer> ports) {
        long ofRegistry = 0;
        long all = 0;
        for (HazelcastInstance one : Hazelcast.getAllHazelcastInstances()) {
            if (ports.contains(one.getCluster().getLocalMember().getAddress().getPort())) {
                ofRegistry +=
                        one.getMap(HazelcastRegistry.TUNNELS).getLocalMapStats().total();
                all += ((HazelcastInstanceProxy) one)
                        .getOriginal()
                        .node
                        .getNodeEngine()
                        .getOperationService()
                        .getExecutedOperationCount();
            }
        }
        return new Operations(ofRegistry, all);
    }

    private static int portOf(HazelcastMember member) {
        return member.hazelcast().getCluster().getLocalMember().getAddress().getPort();
    }
}

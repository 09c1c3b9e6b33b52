package dev.culvert.edge.registry;

import com.hazelcast.config.Config;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Nodes in one JVM that find each other on loopback, and nobody else. */
final class Cluster implements AutoCloseable {
    static final RegistryOptions OPTIONS =
            new RegistryOptions(Duration.ofSeconds(60), Duration.ofMillis(50), 1_000, 1 << 24, null);

    private final String name = "test-" + UUID.randomUUID();
    private final Vertx vertx = Vertx.vertx();
    private final List<Node> nodes = new ArrayList<>();
    final SettableClock clock = new SettableClock();
    private @Nullable Integer firstPort;

    record Node(HazelcastMember member, HazelcastRegistry registry) {
        String id() {
            return registry.nodeId();
        }

        Claim claim(String lane, String instance) {
            return new Claim(id(), lane, instance);
        }

        /** As kill -9 does. */
        void die() {
            member.hazelcast().getLifecycleService().terminate();
        }
    }

    Vertx vertx() {
        return vertx;
    }

    Node join() {
        return join(OPTIONS);
    }

    Node join(RegistryOptions options) {
        return join(options, member -> {});
    }

    /** @param beforeRegistry what others do with the member, before the registry gets it */
    Node join(RegistryOptions options, Consumer<HazelcastMember> beforeRegistry) {
        HazelcastMember member = HazelcastMember.start(config());
        beforeRegistry.accept(member);
        firstPort = member.hazelcast()
                .getCluster()
                .getMembers()
                .iterator()
                .next()
                .getAddress()
                .getPort();
        Node node = new Node(member, await(HazelcastRegistry.start(vertx, member, options, clock)));
        nodes.add(node);
        return node;
    }

    private Config config() {
        Config config = MemberConfig.beside("off");
        config.setClusterName(name);
        config.setProperty("hazelcast.partition.count", "11");
        config.getMapConfig(HazelcastRegistry.TUNNELS).setBackupCount(2);
        config.getMapConfig("culvert.secrets").setBackupCount(2);
        config.getMapConfig(GivenBack.MAP).setBackupCount(2);
        config.getExecutorConfig(News.EXECUTOR).setPoolSize(1);
        if (firstPort != null) {
            new MemberNetwork(config).join().getTcpIpConfig().addMember("127.0.0.1:" + firstPort);
        }
        return config;
    }

    static <T> T await(Future<T> future) {
        try {
            return future.await(20, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer within 20 s", e);
        }
    }

    @Override
    public void close() {
        for (Node node : nodes) {
            await(node.registry().close());
            node.die();
        }
        await(vertx.close());
    }
}

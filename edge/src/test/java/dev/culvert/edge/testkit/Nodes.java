package dev.culvert.edge.testkit;

import dev.culvert.edge.registry.BusOptions;
import dev.culvert.edge.registry.ClusteredVertx;
import dev.culvert.edge.registry.HazelcastMember;
import dev.culvert.edge.registry.TestMembers;
import dev.culvert.edge.tls.BusCertificate;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.transport.Transport;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Nodes of one cluster in one JVM, on loopback: each with its own Hazelcast and its own clustered Vert.x. */
public final class Nodes implements AutoCloseable {
    private static final int WAIT_SECONDS = 20;

    private final String cluster = "test-" + UUID.randomUUID();
    private final List<Node> nodes = new ArrayList<>();

    /** A node that runs. */
    public record Node(HazelcastMember member, Vertx vertx) {
        /** Its id, as in claims. */
        public String id() {
            return member.nodeId();
        }
    }

    /** Starts so many nodes. */
    public static Nodes start(int count) {
        Nodes nodes = new Nodes();
        for (int i = 0; i < count; i++) {
            nodes.join(null);
        }
        return nodes;
    }

    /** Starts one more. */
    public Node join(@Nullable BusCertificate certificate) {
        HazelcastMember member =
                TestMembers.join(cluster, nodes.isEmpty() ? null : nodes.get(0).member());
        VertxOptions options = new VertxOptions().setEventLoopPoolSize(2);
        Vertx vertx = await(
                ClusteredVertx.start(member, new BusOptions("127.0.0.1", 0, certificate), options, Transport.NIO));
        Node node = new Node(member, vertx);
        nodes.add(node);
        return node;
    }

    public Node get(int index) {
        return nodes.get(index);
    }

    /** Ends a node's membership as kill -9 does; its event bus goes on, so that it is the membership that tells. */
    public void kill(Node node) {
        TestMembers.kill(node.member());
    }

    /** The result, on a thread that may wait. */
    public static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("nothing came within %d s; threads:\n%s".formatted(WAIT_SECONDS, threads()), e);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String threads() {
        return Stream.of(ManagementFactory.getThreadMXBean().dumpAllThreads(true, true))
                .map(ThreadInfo::toString)
                .collect(Collectors.joining());
    }

    @Override
    public void close() {
        // All buses first: one that leaves asks the members that there are, and one that has just died answers nobody.
        nodes.forEach(node -> await(node.vertx().close()));
        nodes.forEach(node -> TestMembers.kill(node.member()));
    }
}

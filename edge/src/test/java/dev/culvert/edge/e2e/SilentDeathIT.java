package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.dial.EdgeAddress;
import dev.culvert.edge.testkit.Balancer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node falls silent: its machine has lost the network, and nobody is told. */
class SilentDeathIT {
    @RegisterExtension
    final Stage stage = Stage.asUsersRunIt();

    /** The promise for whoever was being relayed to it. */
    private static final Duration ANSWERED = Duration.ofSeconds(2);

    /** The promise for binds: until then the cluster has noticed. */
    private static final Duration BOUND = Duration.ofSeconds(6);

    /** So many names that the silent node has kept some of them, and copies of others, for sure. */
    private static final int NEW_NAMES = 30;

    @Test
    void visitorsAreAnsweredByAnotherHolderAndNamesCanBeTaken() throws Exception {
        // Given a tunnel that two nodes hold, visitors of a third node, and an agent there
        Vertx vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
        DeliveredTarget target = DeliveredTarget.start(stage);
        CutOffCluster cluster = CutOffCluster.start(stage, 3);
        CutOffCluster.Node here = cluster.node(0);
        CutOffCluster.Node dying = cluster.node(2);
        Balancer lanes = Balancer.beforeAll(
                vertx,
                Stream.of(cluster.node(1), dying)
                        .map(node -> SocketAddress.inetSocketAddress(
                                node.lanePort(), node.machine().front()))
                        .toList());
        cluster.agent("ann", "127.0.0.1:" + lanes.port(), target.port(), "--name", "shop")
                .awaitOnline();
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> here.nodesOf("shop").size() == 2);
        Agent newcomer = Agent.on(
                vertx,
                AgentOptions.DEFAULT
                        .withInsecureEdge(EdgeAddress.parse(here.lanes()))
                        .withStateFolder(null)
                        .withLanes(1),
                AgentListener.NONE);
        stage.keep(
                () -> newcomer.close().toCompletionStage().toCompletableFuture().join());
        await(newcomer.open(TunnelOptions.http(target.port()).withName("first")));
        SteadyVisitors visitors = SteadyVisitors.start(
                stage, CutOffCluster.Node.host("shop"), Collections.nCopies(4, here::visitor), "GET");
        visitors.awaitMore(1000, System.nanoTime());

        // When
        long cutAt = System.nanoTime();
        dying.machine().cutFromAll();
        List<Future<Tunnel>> binds = new ArrayList<>();
        for (int i = 0; i < NEW_NAMES; i++) {
            binds.add(newcomer.open(TunnelOptions.http(target.port()).withName("new-" + i)));
        }

        // Then
        await(Future.all(binds));
        Duration bound = Duration.ofNanos(System.nanoTime() - cutAt);
        CutOffCluster.awaitKnown(2, here, cluster.node(1));
        Duration noticed = Duration.ofNanos(System.nanoTime() - cutAt);
        visitors.awaitMore(1000, System.nanoTime());
        List<SteadyVisitors.Request> all = visitors.stop();
        List<SteadyVisitors.Request> slow = all.stream()
                .filter(request -> request.endedAfter(cutAt) && request.took().toMillis() > 500)
                .toList();
        String failed = all.stream()
                .filter(SteadyVisitors.Request::failed)
                .map(request -> request.seenFrom(cutAt))
                .collect(Collectors.joining("\n"));
        System.out.printf(
                "%d names bound after %d ms; the cluster noticed after %d ms; %d requests, slow ones:%n%s%n",
                NEW_NAMES,
                bound.toMillis(),
                noticed.toMillis(),
                all.size(),
                slow.stream().map(request -> request.seenFrom(cutAt)).collect(Collectors.joining("\n")));
        assertEquals("", failed);
        assertTrue(!slow.isEmpty(), "nobody was relayed to the silent node: the test has tested nothing");
        assertTrue(slow.stream().allMatch(request -> request.took().compareTo(ANSWERED) < 0), "some took too long");
        assertTrue(bound.compareTo(BOUND) < 0, "bound after " + bound);
        for (int i = 0; i < NEW_NAMES; i++) {
            assertEquals(200, cluster.node(1).get("new-" + i, "/").status());
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(Stage.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
}

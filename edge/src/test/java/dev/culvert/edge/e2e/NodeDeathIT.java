package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Balancer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node is killed: what its visitors lose, and how soon all is well again. */
class NodeDeathIT {
    @RegisterExtension
    static final Stage stage = Stage.asUsersRunIt();

    /** After that nothing may fail any more. */
    private static final Duration OVER = Duration.ofSeconds(1);

    /** Until then the others have noticed: what begins before may have been sent to a node that was dead already. */
    private static final Duration NOTICED = Duration.ofMillis(500);

    private static final int TUNNELS = 1000;

    private static final Duration ALL_BACK = Duration.ofSeconds(10);

    /** Where it takes longer to open them in the first place, the machine is slow, and may be as much slower afterwards. */
    private static final Duration OPENED = Duration.ofSeconds(3);

    private static Vertx vertx;
    private static DeliveredTarget target;
    private static RunningCluster cluster;

    /** The place whose node the test before has killed. */
    private static int killed = -1;

    private Balancer lanes;

    @BeforeAll
    static void cluster() throws Exception {
        vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
        target = DeliveredTarget.start(stage);
        cluster = RunningCluster.start(stage, 3);
        killed = -1; // Where the class is run again because one of its tests failed.
    }

    @BeforeEach
    void whole() throws Exception {
        if (killed >= 0) {
            cluster.start(killed);
            killed = -1;
        }
    }

    @Test
    void onlyWhatWasInFlightOnTheDeadNodeFails() throws Exception {
        openLanes(0, 1, 2);
        RunningAgent agent = agent("load", "load");
        agent.awaitOnline();
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> cluster.holdersOf("load").size() == 2);
        int dying = cluster.holdersOf("load").get(0);
        String host = cluster.node(dying).host("load");
        List<SteadyVisitors.Door> doors = cluster.nodes().stream()
                .filter(node -> node != cluster.node(dying))
                .map(node -> (SteadyVisitors.Door) node::visitor)
                .toList();
        SteadyVisitors visitors = SteadyVisitors.start(stage, host, doors, "GET", "POST");
        visitors.awaitMore(2000, System.nanoTime());

        long killedAt = kill(dying);

        visitors.awaitMore(4000, killedAt + OVER.toNanos());
        List<SteadyVisitors.Request> all = visitors.stop();
        List<SteadyVisitors.Request> failed =
                all.stream().filter(SteadyVisitors.Request::failed).toList();
        String failures =
                failed.stream().map(request -> request.seenFrom(killedAt)).collect(Collectors.joining("\n"));
        System.out.printf("%d requests, %d failed:%n%s%n", all.size(), failed.size(), failures);
        for (SteadyVisitors.Request request : failed) {
            assertTrue(request.endedAfter(killedAt), () -> "failed before the node died: " + failures);
            assertFalse(
                    request.startedAfter(killedAt + NOTICED.toNanos()),
                    () -> "failed though it began when the node was long dead: " + failures);
            // Nobody can know whether a POST was delivered; what is tried again without harm is tried again.
            assertEquals("POST", request.method(), failures);
        }
        assertTrue(failed.size() <= visitors.count() / 2, failures);
        assertEquals(List.of(), target.deliveredTwice("POST"));
    }

    @Test
    void tunnelWithOneLaneIsBackWithTheFirstReconnect() throws Exception {
        openLanes(0, 1, 2);
        RunningAgent agent = agent("one", "one", "--lanes", "1");
        agent.awaitOnline();
        int dying = cluster.holdersOf("one").get(0);
        RunningEdge other = cluster.node(cluster.placeWithout("one"));

        long killedAt = kill(dying);

        JsonObject lost = agent.await("reconnecting");
        List<String> said = agent.program().out().lines();
        agent.awaitOnline();
        Duration back = Duration.ofNanos(System.nanoTime() - killedAt);
        try (Visitor visitor = other.visitor()) {
            assertAnswered(visitor, other.host("one"));
        }
        List<String> since = agent.program().out().lines();
        System.out.printf("back after %d ms, of which %s were the pause%n", back.toMillis(), lost);
        assertEquals(
                List.of("online"),
                since.subList(said.size(), since.size()).stream()
                        .map(line -> new JsonObject(line).getString("event"))
                        .filter(event -> !event.equals("request"))
                        .toList());
        assertTrue(back.compareTo(Duration.ofMillis(lost.getLong("delayMillis")).plusSeconds(3)) < 0, "" + back);
    }

    @Test
    @Tag("alone")
    void thousandTunnelsOfADeadNodeAnswerAgainWithinTenSeconds() throws Exception {
        // Given a node with a thousand tunnels of one agent, and two names that are reserved while their owner is away
        openLanes(0);
        RunningEdge dying = cluster.node(0);
        Path file = Files.writeString(
                stage.folder().resolve("tunnels.yaml"),
                "tunnels:\n"
                        + names().map(name -> "  %s: {target: %d, name: %s}\n".formatted(name, target.port(), name))
                                .collect(Collectors.joining()));
        Program many = stage.culvert(
                "many",
                Map.of(),
                Stream.of("start", "--config", file.toString(), "--json", "--lanes", "1", "--edge", lanesAddress())
                        .toArray(String[]::new));
        long before = System.nanoTime();
        awaitOnline(many, TUNNELS);
        long opened = millisSince(before);
        System.out.printf("%d tunnels online after %d ms%n", TUNNELS, opened);
        long allBack = ALL_BACK.toMillis() * Math.max(opened, OPENED.toMillis()) / OPENED.toMillis();
        // They have had visitors: the nodes that survive have not been started a moment ago.
        awaitAllAnswer();
        RunningAgent away = agent("ann", "away", "--lanes", "1");
        away.awaitOnline();
        away.program().kill();
        RunningAgent dyingToo = agent("ann", "dying-too", "--lanes", "1");
        dyingToo.awaitOnline();
        String deadId = dying.nodeId();
        assertEquals(List.of(deadId), cluster.node(1).nodesOf("t-7"));

        // When it dies, and an agent with it
        lanes.with(cluster.node(1).lanePort());
        lanes.with(cluster.node(2).lanePort());
        long killedAt = kill(0);
        dyingToo.program().kill();

        // Then
        awaitAllAnswer();
        long answered = millisSince(killedAt);
        awaitOnline(many, 2 * TUNNELS);
        for (RunningEdge node : cluster.nodes()) {
            Awaitility.await().atMost(Stage.PATIENCE).until(() -> node.tunnels().stream()
                    .flatMap(tunnel -> ((JsonObject) tunnel).getJsonArray("holders").stream())
                    .noneMatch(holder -> ((JsonObject) holder).getString("node").equals(deadId)));
        }
        long swept = millisSince(killedAt);
        System.out.printf(
                "%d tunnels had answered again after %d ms; no claim of the dead node after %d ms%n",
                TUNNELS, answered, swept);
        assertTrue(answered < allBack, "all answered after %d ms".formatted(answered));
        assertTrue(swept < allBack, "swept after %d ms".formatted(swept));
        Memory.assertPeakUnder(many, Memory.promisedBytes(many, 0));
        for (String reserved : List.of("away", "dying-too")) {
            RunningAgent bob = agent("bob", reserved, "--lanes", "1");
            assertEquals(1, bob.program().exitCode(), () -> bob.program().said());
            assertTrue(
                    bob.program().err().awaitEnd().get(0).contains(reserved + ".localhost belongs to somebody else"),
                    () -> bob.program().said());
        }
        many.kill();
    }

    private void openLanes(int... places) {
        lanes = Balancer.before(
                vertx,
                IntStream.of(places)
                        .mapToObj(place -> cluster.node(place).lanePort())
                        .toList());
    }

    private String lanesAddress() {
        return "127.0.0.1:" + lanes.port();
    }

    private RunningAgent agent(String home, String name, String... more) throws IOException {
        String[] arguments =
                Stream.concat(Stream.of("--name", name), Stream.of(more)).toArray(String[]::new);
        return RunningAgent.start(stage, home, Map.of(), lanesAddress(), "" + target.port(), arguments);
    }

    /** No agent is led there any more. Tells when it was. */
    private long kill(int place) {
        lanes.without(cluster.node(place).lanePort());
        killed = place;
        long at = System.nanoTime();
        cluster.kill(place);
        return at;
    }

    private static Stream<String> names() {
        return IntStream.range(0, TUNNELS).mapToObj(i -> "t-" + i);
    }

    private static void awaitOnline(Program agent, int times) {
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> agent.out().lines().stream()
                                .filter(line -> line.contains("\"event\":\"online\""))
                                .count()
                        >= times);
    }

    /** Waits until each tunnel has answered once, half of them through each node, in the order of their names. */
    private static void awaitAllAnswer() throws Exception {
        List<RunningEdge> nodes = cluster.nodes();
        ExecutorService visitors = Executors.newFixedThreadPool(nodes.size());
        try {
            List<Future<?>> visits = new ArrayList<>();
            for (int i = 0; i < nodes.size(); i++) {
                RunningEdge node = nodes.get(i);
                int first = i;
                visits.add(visitors.submit(() -> {
                    for (int tunnel = first; tunnel < TUNNELS; tunnel += nodes.size()) {
                        awaitAnswered(node, "t-" + tunnel);
                    }
                }));
            }
            for (Future<?> visit : visits) {
                visit.get();
            }
        } finally {
            visitors.shutdownNow();
        }
    }

    private static void awaitAnswered(RunningEdge node, String name) {
        if (!isAnswered(node, name)) {
            Awaitility.await().atMost(Stage.PATIENCE).until(() -> isAnswered(node, name));
        }
    }

    private static boolean isAnswered(RunningEdge node, String name) {
        try {
            return DeliveredTarget.answer("GET", "/page", 0, node.host(name))
                    .equals(node.get(name, "/page").body());
        } catch (IOException e) {
            return false;
        }
    }

    private static void assertAnswered(Visitor visitor, String host) throws IOException {
        Answer answer = visitor.get(host, "/page").answer();
        assertEquals(DeliveredTarget.answer("GET", "/page", 0, host), answer.body(), answer::toString);
    }

    private static long millisSince(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos).toMillis();
    }
}

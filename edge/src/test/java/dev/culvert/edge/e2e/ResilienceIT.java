package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Balancer;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Parts that die, sleep and come back, without a hand on the others. */
class ResilienceIT {
    /**
     * How long an agent may take to find an edge again: its longest pause between two tries, and the notice that the
     * silent one is dead.
     */
    private static final Duration RECONNECT = Duration.ofSeconds(60);

    /** Well below the 12.5 s after which a silent lane is ended, and who waits on it tried elsewhere. */
    private static final Duration NOT_ON_A_DEAD_LANE = Duration.ofSeconds(5);

    @RegisterExtension
    final Stage stage = new Stage();

    private Path files;

    @BeforeEach
    void files() throws Exception {
        files = stage.folder("files");
        Files.writeString(files.resolve("page"), "the page\n");
    }

    @Test
    void agentTakesItsNameAgainWhenItsEdgeWasKilledAndStarted() throws Exception {
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, Nginx.serving(stage, files).port());
        String name = agent.awaitName();
        assertEquals("the page\n", edge.get(name, "/page").body());

        edge.program().kill();
        agent.await("reconnecting");
        RunningEdge again = edge.again(stage);

        assertEquals(name, agent.awaitName());
        assertEquals("the page\n", again.get(name, "/page").body());
    }

    @Test
    void pageComesBackWithItsTarget() throws Exception {
        RunningEdge edge = stage.edge();
        Nginx target = Nginx.serving(stage, files);
        String name = stage.agent(edge, target.port()).awaitName();
        assertEquals(200, edge.get(name, "/page").status());

        target.stop();

        try (Visitor visitor = edge.visitor()) {
            Answer down = visitor.get(edge.host(name), "/page").answer();
            assertEquals(502, down.status());
            assertTrue(down.error().isPresent(), down::toString);
            assertTrue(down.body().contains("127.0.0.1:" + target.port()), down::toString);
            // The connection outlives the page: the visitor's next request may find the target up.
            target.start();
            assertEquals(
                    "the page\n", visitor.get(edge.host(name), "/page").answer().body());
        }
    }

    /** The agent knows the port that its edge names, and no balancer before it. */
    @Test
    void targetThatLeadsBackToTheEdgeIsFoundOutByTheFirstVisitor() throws Exception {
        Vertx vertx = Vertx.vertx();
        stage.keep(() -> vertx.close().await());
        RunningEdge edge = stage.edge();
        Balancer balancer = Balancer.before(vertx, List.of(edge.httpPort()));
        String loop = stage.agent(edge, balancer.port()).awaitName();

        Answer answer = edge.get(loop, "/");

        assertEquals(508, answer.status(), answer::toString);
        assertTrue(answer.body().contains("leads back to it"), answer::toString);
    }

    @Test
    void noVisitorEndsOnTheLaneOfASuspendedAgentOnceItIsReplaced() throws Exception {
        RunningEdge edge = stage.edge();
        int target = Nginx.serving(stage, files).port();
        Map<String, String> same = Map.of("CULVERT_INSTANCE", "the-same-agent");
        RunningAgent first = RunningAgent.start(stage, "home", same, edge, "" + target, "--name", "shop");
        first.awaitOnline();
        List<String> lanes = edge.lanesOf("shop");

        first.program().suspend();
        RunningAgent second = RunningAgent.start(stage, "home", same, edge, "" + target, "--name", "shop");
        second.awaitOnline();

        for (int i = 0; i < 200; i++) {
            try (Visitor visitor = edge.visitor()) {
                visitor.socket().setSoTimeout((int) NOT_ON_A_DEAD_LANE.toMillis());
                assertEquals(
                        "the page\n",
                        visitor.get(edge.host("shop"), "/page").answer().body(),
                        "request " + i);
            }
        }
        assertTrue(edge.lanesOf("shop").stream().noneMatch(lanes::contains), "a lane of the suspended agent is left");
    }

    @Test
    void suspendedAgentIsBackAfterItsSleep() throws Exception {
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, Nginx.serving(stage, files).port());
        String name = agent.awaitName();

        agent.program().suspend();
        // The edge notices after two and a half pings, and answers for it.
        Answer asleep;
        try (Visitor visitor = edge.visitor()) {
            visitor.socket().setSoTimeout((int) RECONNECT.toMillis());
            asleep = visitor.get(edge.host(name), "/page").answer();
        }
        assertTrue(asleep.status() == 502 || asleep.status() == 503, asleep::toString);
        assertTrue(asleep.error().isPresent(), asleep::toString);
        agent.program().resume();
        agent.program().out().await("the event online", line -> line.contains("\"online\""), RECONNECT);

        assertEquals("the page\n", edge.get(name, "/page").body());
    }

    @Test
    void madeUpNameIsKeptAcrossTheAgentsOwnRestart() throws Exception {
        RunningEdge edge = stage.edge();
        int target = Nginx.serving(stage, files).port();
        RunningAgent agent = stage.agent(edge, target);
        String name = agent.awaitName();
        agent.program().interrupt();
        agent.program().exitCode();

        assertEquals(name, stage.agent(edge, target).awaitName());
        assertNotEquals(name, stage.agentOf("another", edge, target).awaitName());
    }

    @Test
    void killedAgentFindsItsMadeUpNameAgain() throws Exception {
        RunningEdge edge = stage.edge();
        int target = Nginx.serving(stage, files).port();
        RunningAgent agent = stage.agent(edge, target);
        String name = agent.awaitName();
        // It is written down beside what is told of it, a few milliseconds before or after.
        Path names = stage.folder("home").resolve("names.json");
        Awaitility.await().atMost(Stage.PATIENCE).ignoreExceptions().until(() -> Files.readString(names)
                .contains(name));
        agent.program().kill();

        assertEquals(name, stage.agent(edge, target).awaitName());
        assertEquals("the page\n", edge.get(name, "/page").body());
    }
}

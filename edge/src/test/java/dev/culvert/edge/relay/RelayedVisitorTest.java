package dev.culvert.edge.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.edge.access.AnonymousAuthenticator;
import dev.culvert.edge.access.ReservedNames;
import dev.culvert.edge.ingress.AccessLog;
import dev.culvert.edge.ingress.LaneDoor;
import dev.culvert.edge.ingress.OwnPages;
import dev.culvert.edge.ingress.Proofs;
import dev.culvert.edge.ingress.SignIn;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.ingress.VisitorPort;
import dev.culvert.edge.lanes.Binder;
import dev.culvert.edge.lanes.Lanes;
import dev.culvert.edge.lanes.Offer;
import dev.culvert.edge.registry.HazelcastRegistry;
import dev.culvert.edge.registry.RegistryOptions;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.lane.LaneOptions;
import dev.culvert.lane.WindowBudget;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Everything between a visitor of one node and an agent of another, as the edge puts it together. */
class RelayedVisitorTest {
    private static final String DOMAIN = "example.com";

    private final Vertx outside = Vertx.vertx();
    private final List<Part> parts = new ArrayList<>();
    private final AtomicInteger served = new AtomicInteger();
    private Nodes nodes;
    private HttpServer target;
    private HttpClient client;
    private Agent agent;

    /** What runs on a node. */
    private record Part(HazelcastRegistry registry, Lanes lanes, Relay relay, int visitorPort, int lanePort) {}

    private record Answer(int status, Buffer body) {}

    /** Counted down when the second node ends a link. */
    private final CountDownLatch linkEnded = new CountDownLatch(1);

    @BeforeEach
    void start() {
        nodes = Nodes.start(2);
        parts.add(run(nodes.get(0)));
        parts.add(run(nodes.get(1)));
        // As an edge does at its start: what the bus's first message costs is no visitor's matter.
        Nodes.await(parts.get(0).relay().meet(nodes.get(1).id()));
        client = outside.createHttpClient();
        target = Nodes.await(outside.createHttpServer()
                .requestHandler(request -> {
                    served.incrementAndGet();
                    request.body().onSuccess(body -> request.response().end(body));
                })
                .listen(0, "127.0.0.1"));
    }

    @AfterEach
    void stop() {
        Nodes.await(agent.close());
        for (Part part : parts) {
            part.lanes().close();
            Nodes.await(part.relay().close());
            Nodes.await(part.registry().close());
        }
        nodes.close();
        Nodes.await(outside.close());
    }

    private Part run(Nodes.Node node) {
        Vertx vertx = node.vertx();
        HazelcastRegistry registry =
                Nodes.await(HazelcastRegistry.start(vertx, node.member(), RegistryOptions.DEFAULT));
        WindowBudget budget = new WindowBudget(LaneOptions.DEFAULT.windowBudgetBytes());
        Binder binder = new Binder(registry, Offer.ofHttp(DOMAIN, host -> "http://" + host), () -> ReservedNames.NONE);
        Lanes lanes = new Lanes(registry, new AnonymousAuthenticator(), binder, LaneOptions.DEFAULT, budget, 100);
        Relay relay = Nodes.await(Relay.start(vertx, node.id(), lanes::to, budget, this::seen));
        node.member().onNodeLeft(relay::nodeLeft);
        VisitorPort visitors = new VisitorPort(
                Door.options(),
                registry,
                new ClusterCarriers(lanes, relay),
                new Traffic(),
                Integer.MAX_VALUE,
                LaneDoor.NONE,
                OwnPages.NONE,
                Proofs.NONE,
                SignIn.NONE,
                AccessLog.NONE);
        int visitorPort = Nodes.await(visitors.listen(vertx, "127.0.0.1", 0)).actualPort();
        NetServer lanePort = Nodes.await(lanes.listen(vertx, "127.0.0.1", 0));
        return new Part(registry, lanes, relay, visitorPort, lanePort.actualPort());
    }

    private LinkTransport.Bus seen(LinkTransport.Bus bus) {
        return message -> {
            if (message.kind() == LinkMessage.Kind.CLOSED) {
                linkEnded.countDown();
            }
            return bus.send(message);
        };
    }

    private void startAgent() {
        agent = Agent.on(
                outside,
                AgentOptions.of("127.0.0.1:" + parts.get(1).lanePort()).withStateFolder(null),
                new AgentListener() {});
        Nodes.await(agent.open(TunnelOptions.http(target.actualPort()).withName("app")));
    }

    @Test
    void visitorsOfBothNodesReachAnAgentOfOne() {
        startAgent();
        // In the very moment after the bind on the other node, and from then on
        for (int i = 0; i < 100; i++) {
            byte[] bytes = new byte[1 + i * 1000];
            new Random(i).nextBytes(bytes);
            Part part = parts.get(i % 2);
            Answer answer = post(part.visitorPort(), Buffer.buffer(bytes));
            assertEquals(200, answer.status(), () -> answer.body().toString());
            assertEquals(Buffer.buffer(bytes), answer.body());
        }
        assertEquals(100, served.get());
        assertTrue(parts.get(0).relay().load() <= 1);
    }

    @Test
    void visitorsWhoCameWhileTheirNodeStoodStillAreServedThroughANewLink() throws Exception {
        startAgent();
        Part visited = parts.get(0);
        assertEquals(200, post(visited.visitorPort(), Buffer.buffer("before")).status());
        // Given a node that stands still until the other one has given it up
        CountDownLatch stands = new CountDownLatch(1);
        visited.relay().eventLoop().execute(() -> {
            stands.countDown();
            await(linkEnded);
        });
        await(stands);
        // When visitors come, of whom the link that is no more is asked first
        List<Future<Answer>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(posted(visited.visitorPort(), Buffer.buffer("body " + i)));
        }
        // Then each is served, and once
        for (int i = 0; i < 10; i++) {
            Answer answer = Nodes.await(answers.get(i));
            assertEquals("200 body " + i, answer.status() + " " + answer.body());
        }
        assertEquals(11, served.get());
        assertEquals(0, linkEnded.getCount());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Answer post(int port, Buffer body) {
        return Nodes.await(posted(port, body));
    }

    private Future<Answer> posted(int port, Buffer body) {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI("/")
                .putHeader("Host", "app." + DOMAIN);
        return client.request(options)
                // Inside, where the answer arrives: from another thread its body may be asked for too late.
                .compose(request -> request.send(body).compose(RelayedVisitorTest::read));
    }

    private static Future<Answer> read(HttpClientResponse response) {
        return response.body().map(body -> new Answer(response.statusCode(), body));
    }
}

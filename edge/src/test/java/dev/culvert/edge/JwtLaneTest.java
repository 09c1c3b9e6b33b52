package dev.culvert.edge;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.dial.TokenSource;
import dev.culvert.config.ListenPort;
import dev.culvert.config.Secret;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestIssuer;
import dev.culvert.testkit.LeakFree;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An agent that shows an issuer's tokens to an edge that knows nobody else. */
@Timeout(90)
@ExtendWith(LeakFree.class)
class JwtLaneTest {
    private static final String AUDIENCE = "tunnel.example.com";

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<TunnelState> states = new LinkedBlockingQueue<>();

    @TempDir
    Path folder;

    private TestIssuer issuer;
    private Edge edge;
    private Agent agent;

    @BeforeEach
    void start() throws Exception {
        issuer = new TestIssuer(vertx, folder);
        Path issuers =
                Files.writeString(folder.resolve("issuers.yaml"), """
                issuers:
                  - issuer: %s
                    audience: %s
                    ca: %s
                    agents:
                      - {claims: {sub: somebody}, owner: "{sub}", names: ["{sub}-*"]}
                """.formatted(issuer.name(), AUDIENCE, issuer.ca()));
        EdgeOptions options = EdgeOptions.DEFAULT
                .withPorts(ListenPort.FREE, ListenPort.FREE, ListenPort.FREE)
                .withEventLoops(1)
                .withBind("127.0.0.1", new EdgeOptions.Access(null, issuers, null, null, false, false));
        edge = Nodes.await(Edge.start(vertx, options));
    }

    @AfterEach
    void stop() {
        if (agent != null) {
            Nodes.await(agent.close());
        }
        Nodes.await(edge.close());
        Nodes.await(vertx.close());
    }

    @Test
    void downloadGoesOnWhileTheAgentComesAgainWithItsNextToken() throws Exception {
        Promise<HttpServerResponse> asked = Promise.promise();
        int target = Nodes.await(vertx.createHttpServer()
                        .requestHandler(request -> {
                            if (request.path().equals("/slow")) {
                                asked.complete(request.response().setChunked(true));
                                request.response().write("first ");
                            } else {
                                request.response().end("quick");
                            }
                        })
                        .listen(0, "127.0.0.1"))
                .actualPort();
        BlockingQueue<String> tokens = new LinkedBlockingQueue<>(List.of(
                token(-57), // Is at its end in three seconds, with the minute for clocks that differ.
                token(3600)));
        Nodes.await(open(() -> Secret.of(tokens.remove()), target));
        JsonArray first = holders();

        try (RawVisitor visitor = new RawVisitor(edge.ports().http())) {
            visitor.send("GET /slow HTTP/1.1\r\nHost: somebody-1.localhost\r\n\r\n");
            visitor.awaitText("first ");
            await().atMost(20, TimeUnit.SECONDS)
                    .until(() -> holders().size() == 1 && !holders().equals(first));
            await().until(() -> metric("culvert_lanes").equals("2.0"));
            assertEquals("quick", get("/"));

            HttpServerResponse answer = Nodes.await(asked.future());
            Nodes.await(answer.end("second"));

            assertTrue(visitor.awaitText("second").endsWith("second"));
            visitor.awaitText("0\r\n\r\n");
        }
        await().atMost(90, TimeUnit.SECONDS).until(() -> metric("culvert_lanes").equals("1.0"));
        assertEquals("quick", get("/"));
        assertEquals(
                List.of(TunnelState.Connecting.class, TunnelState.Connected.class),
                states.stream().map(Object::getClass).toList(),
                "nobody noticed");
        assertEquals("1.0", metric("culvert_lanes_closed_total{reason=\"draining\"}"));
    }

    @Test
    void agentIsToldWhatIsWrongWithItsToken() throws Exception {
        assertTrue(refusal(token(-3600)).endsWith("refused this agent: the token has expired; get a new one"));
        assertTrue(refusal("cvt_of_a_tokens_file").contains("asks for a token of an issuer"));
    }

    @Test
    void agentWaitsForAnIssuerThatIsAwayForAMoment() throws Exception {
        issuer.leave();

        Future<Tunnel> opening = open(TokenSource.of(Secret.of(token(3600))), 3000);
        await().until(() ->
                !metric("culvert_lanes_closed_total{reason=\"undecided\"}").equals("0.0"));
        issuer.comeBack();

        assertEquals("somebody-1", opening.await(60, TimeUnit.SECONDS).name());
    }

    private String refusal(String token) throws Exception {
        String said = open(TokenSource.of(Secret.of(token)), 3000)
                .map(Tunnel::name)
                .otherwise(fault -> String.valueOf(fault.getMessage()))
                .await(30, TimeUnit.SECONDS);
        Nodes.await(agent.close());
        return said;
    }

    private Future<Tunnel> open(TokenSource tokens, int target) {
        AgentOptions options = AgentOptions.of("127.0.0.1:" + edge.ports().lane())
                .withTokenSource(tokens)
                .withStateFolder(null);
        agent = Agent.on(vertx, options, new AgentListener() {
            @Override
            public void onState(Tunnel tunnel, TunnelState state) {
                states.add(state);
            }
        });
        return agent.open(TunnelOptions.http(target).withName("somebody-1"));
    }

    private String token(int seconds) throws Exception {
        return issuer.sign(issuer.claims(AUDIENCE)
                .claim("groups", "g".repeat(11_500)) // Nearly as long as a token may be.
                .expirationTime(Date.from(Instant.now().plusSeconds(seconds)))
                .build());
    }

    private String get(String path) throws IOException {
        try (RawVisitor visitor = new RawVisitor(edge.ports().http())) {
            visitor.send("GET %s HTTP/1.1\r\nHost: somebody-1.localhost\r\n\r\n".formatted(path));
            return visitor.awaitAnswer().body();
        }
    }

    private JsonArray holders() throws IOException {
        return new JsonArray(admin("/api/v1/tunnels")).getJsonObject(0).getJsonArray("holders");
    }

    private String metric(String name) throws IOException {
        return admin("/metrics")
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .findFirst()
                .map(line -> line.substring(name.length() + 1))
                .orElse("");
    }

    private String admin(String path) throws IOException {
        try (RawVisitor operator = new RawVisitor(edge.ports().admin())) {
            return operator.send("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(path))
                    .awaitAnswer()
                    .body();
        }
    }
}

package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.Agent;
import dev.culvert.agent.AgentListener;
import dev.culvert.agent.AgentOptions;
import dev.culvert.agent.ScriptedEdge;
import dev.culvert.agent.Tunnel;
import dev.culvert.agent.TunnelOptions;
import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PlainOutputTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private ScriptedEdge edge;
    private Agent agent;
    private Session.Told tunnel;

    @BeforeEach
    void openTunnel() throws Exception {
        edge = new ScriptedEdge();
        agent = Agent.alone(AgentOptions.of(edge.address()).withStateFolder(null), AgentListener.NONE);
        Future<Tunnel> opening = agent.open(TunnelOptions.http(3000));
        edge.welcome().grant("shop");
        tunnel = new Session.Told(
                opening.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS));
    }

    @AfterEach
    void close() throws Exception {
        agent.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        edge.close();
    }

    @Test
    void requestIsALine() {
        String line = print(false, false, exchange("/cart", 200, 12_400));

        assertTrue(line.matches("\\d\\d:\\d\\d:\\d\\d  GET /cart  200  12 ms"), line);
    }

    @Test
    void terminalGetsColoursAndSeveralTunnelsTheirNames() {
        String line = print(true, true, exchange("/cart", 502, 900));

        assertTrue(line.endsWith("  shop  GET /cart  \u001b[31m502\u001b[0m  1 ms"), line);
    }

    @Test
    void whatVisitorsSendDoesNotSteerTheTerminal() {
        String line = print(true, false, exchange("/\u001b[2J\r\u009b31m\n", 200, 0));

        assertTrue(line.contains("GET /?[2J??31m?  "), line);
    }

    @Test
    void whatEdgesSendDoesNotSteerTheTerminal() {
        String steering = "shop\u001b[2J\u009b31m";
        Output.Told ofEdge = new Output.Told() {
            @Override
            public String name() {
                return steering;
            }

            @Override
            public String target() {
                return tunnel.target();
            }
        };
        VisitorConnection connection = new VisitorConnection("192.0.2.1:4711", 0, 0, 0, 0);
        try (PlainOutput output = output(false, true)) {
            output.state(ofEdge, new TunnelState.Connected(steering, "http://" + steering));
            output.request(ofEdge, exchange("/", 200, 0));
            output.connection(ofEdge, connection);
            output.targetRefused(ofEdge, "nothing answers");
        }

        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(4, lines.size());
        lines.forEach(line -> assertTrue(line.contains("shop?[2J?31m"), line));
    }

    @Test
    void jsonSteersNoTerminalEither() {
        try (JsonOutput output = new JsonOutput(new PrintStream(out, true, StandardCharsets.UTF_8))) {
            output.notice("\u001b[2J \u009b2J \u007f \"ä\"");
        }

        String line = out.toString(StandardCharsets.UTF_8).strip();
        assertTrue(line.chars().noneMatch(Character::isISOControl), line);
        assertEquals("\u001b[2J \u009b2J \u007f \"ä\"", new JsonObject(line).getString("message"));
    }

    @Test
    void targetThatDoesNotAnswerIsSaid() {
        try (PlainOutput output = output(false, false)) {
            output.targetRefused(tunnel, "nothing answers on 127.0.0.1:3000 (connection refused)");
        }

        String line = out.toString(StandardCharsets.UTF_8).strip();
        assertTrue(line.endsWith("  a visitor came, and nothing answers on 127.0.0.1:3000 (connection refused)"), line);
    }

    @Test
    void visitorWhoLeftIsSaid() {
        assertTrue(print(false, false, exchange("/", 0, 65_000_000)).endsWith("GET /  left  65 s"));
    }

    @Test
    void connectionIsALineWithItsBytes() {
        VisitorConnection connection =
                new VisitorConnection("192.0.2.1:4711", 1_700_000_000_000L, 700, 3_500_000, 65_000_000);
        try (PlainOutput output = output(false, false)) {
            output.connection(tunnel, connection);
        }

        String line = out.toString(StandardCharsets.UTF_8).strip();
        assertTrue(line.matches("\\d\\d:\\d\\d:\\d\\d  192.0.2.1:4711  in 700 B, out 3.34 MiB  65 s"), line);
    }

    @Test
    void longAbsenceOfTheEdgeIsToldOnceForAllTries() {
        try (PlainOutput output = output(false, false)) {
            output.state(tunnel, new TunnelState.Connected("shop", "http://shop.example.com"));
            output.state(tunnel, new TunnelState.Reconnecting("it stopped", Duration.ofMillis(2100), false));
            output.state(tunnel, new TunnelState.Reconnecting("no edge answers", Duration.ofSeconds(4), false));
            output.state(tunnel, new TunnelState.Reconnecting("it is in use", Duration.ofMillis(100), true));
            output.state(tunnel, new TunnelState.Connected("shop", "http://shop.example.com"));
        }

        assertEquals(
                List.of(
                        "Online: http://shop.example.com → http://127.0.0.1:3000",
                        "Connection to the edge lost (it stopped); trying again in 2 s",
                        "Waiting for the name (it is in use); trying again now",
                        "Back online: http://shop.example.com → http://127.0.0.1:3000"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }

    private String print(boolean coloured, boolean showsNames, Exchange exchange) {
        try (PlainOutput output = output(coloured, showsNames)) {
            output.request(tunnel, exchange);
        }
        return out.toString(StandardCharsets.UTF_8).strip();
    }

    private PlainOutput output(boolean coloured, boolean showsNames) {
        return new PlainOutput(new PrintStream(out, true, StandardCharsets.UTF_8), coloured, showsNames, "edge");
    }

    private static Exchange exchange(String path, int status, long micros) {
        return new Exchange("host:shop", "192.0.2.1:1", "GET", path, status, 0, 0, 1_700_000_000_000L, 1, micros);
    }
}

package dev.culvert.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.localtunnel.ScriptedServer;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocaltunnelCommandTest {
    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ScriptedServer server;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer(2);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void tunnelIsToldInWordsUntilTheServerRefusesIt() throws Exception {
        server.answer(200, server.granted("calm-heron").encode());
        CompletableFuture<Integer> exitCode =
                start("lt", "-p", "3000", "-h", server.url().toString(), "-s", "shop");
        server.nextSockets();
        server.answer(200, server.granted("calm-heron").encode());
        server.closePort();
        server.answer(403, "{\"message\":\"no more\"}");
        server.openPort();

        assertEquals(1, exitCode.get(20, TimeUnit.SECONDS));
        List<String> lines = lines();
        assertEquals("Note: the name shop is in use; this tunnel has the name calm-heron now", lines.get(0));
        assertEquals("Online: http://calm-heron.example.com → http://127.0.0.1:3000", lines.get(1));
        assertTrue(lines.get(2).startsWith("Connection to the server lost (the tunnel's port "), lines.get(2));
        assertEquals(
                "Offline: http://127.0.0.1:3000 (%s says: no more)".formatted(server.url()),
                lines.get(lines.size() - 1));
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void jsonIsOneObjectALine() throws Exception {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            nobody = socket.getLocalPort();
        }
        server.answer(503, "");
        CompletableFuture<Integer> exitCode =
                start("lt", "--port", "" + nobody, "--host", server.url().toString(), "--json");
        Socket socket = server.nextSockets().get(0);
        socket.getOutputStream().write('G');
        assertEquals('H', socket.getInputStream().read());
        server.answer(403, "{\"message\":\"no more\"}");
        server.closePort();

        assertEquals(1, exitCode.get(20, TimeUnit.SECONDS));
        String target = "http://127.0.0.1:" + nobody;
        List<JsonObject> events = lines().stream().map(JsonObject::new).toList();
        assertEquals(
                List.of("reconnecting", "online", "target-refused", "reconnecting", "offline"),
                events.stream().map(event -> event.getString("event")).toList());
        assertEquals(
                new JsonObject()
                        .put("event", "online")
                        .put("name", "quick-otter")
                        .put("url", "http://quick-otter.example.com")
                        .put("target", target),
                events.get(1));
        assertEquals(
                new JsonObject()
                        .put("event", "target-refused")
                        .put("name", "quick-otter")
                        .put("target", target)
                        .put("reason", "nothing answers on 127.0.0.1:%d (connection refused)".formatted(nobody)),
                events.get(2));
    }

    @Test
    void refusalAtTheStartIsOneSentenceAndExitCodeOne() throws Exception {
        server.answer(403, "{\"message\":\"Invalid subdomain.\\u001b[2J\"}");

        assertEquals(
                1,
                start("lt", "-p", "3000", "-h", server.url().toString(), "-s", "a")
                        .get(20, TimeUnit.SECONDS));

        assertEquals(
                "culvert: %s says: Invalid subdomain.?[2J\n".formatted(server.url()),
                err.toString(StandardCharsets.UTF_8));
        assertEquals("", out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void somethingElseThanAServerIsSaidWithWhatToDo() throws Exception {
        server.answer(200, "<p>welcome</p>");

        assertEquals(1, start("lt", "-p", "3000", "-h", server.url().toString()).get(20, TimeUnit.SECONDS));

        assertEquals(
                "culvert: %s answers, but not as a localtunnel server does (what it says is no JSON object); name a localtunnel server with -h\n"
                        .formatted(server.url()),
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void flagComesBeforeVariableAndThatBeforeTheFile() throws Exception {
        Files.writeString(
                home.resolve("config.yaml"), "host: %s\nsubdomain: of-file\nport: 3000\n".formatted(server.url()));
        refuseOnce("lt");
        assertEquals("/of-file", server.nextAsked().uri());
        environment.put("CULVERT_SUBDOMAIN", "of-variable");
        refuseOnce("lt");
        assertEquals("/of-variable", server.nextAsked().uri());
        refuseOnce("lt", "--subdomain", "of-flag");
        assertEquals("/of-flag", server.nextAsked().uri());
    }

    private void refuseOnce(String... args) throws Exception {
        server.answer(403, "{\"message\":\"no\"}");
        assertEquals(1, start(args).get(20, TimeUnit.SECONDS));
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private CompletableFuture<Integer> start(String... args) {
        return CompletableFuture.supplyAsync(() -> AgentMain.run(
                new Surroundings(
                        environment,
                        home,
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        prompt -> "",
                        false),
                args));
    }
}

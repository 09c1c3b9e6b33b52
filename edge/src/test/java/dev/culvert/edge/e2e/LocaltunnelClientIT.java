package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code culvert lt} with the reference server. */
class LocaltunnelClientIT {
    @RegisterExtension
    final Stage stage = new Stage();

    private NpmLocaltunnel npm;
    private Program server;
    private int port;
    private PythonServer target;

    @BeforeEach
    void start() throws Exception {
        npm = NpmLocaltunnel.on(stage);
        port = Stage.freePort();
        server = npm.server(port);
        target = PythonServer.target(stage);
    }

    @Test
    void visitorsOfTheReferenceServerReachTheTarget() throws Exception {
        RunningAgent client = client("-s", "shopping");
        JsonObject online = client.awaitOnline();

        assertEquals("shopping", online.getString("name"));
        assertEquals("http://shopping.localhost", online.getString("url"));
        assertEquals("http://127.0.0.1:" + target.port(), online.getString("target"));
        assertEquals("hello\n", get("shopping", "/hello").body());
        assertEquals("shopping.localhost", hostSeen("shopping"));
        // Two at a time, more often than there are sockets.
        for (int i = 0; i < 15; i++) {
            try (Visitor one = Visitor.to(port);
                    Visitor other = Visitor.to(port)) {
                one.get("shopping.localhost", "/hello");
                other.get("shopping.localhost", "/hello");
                assertEquals("hello\n", one.answer().body());
                assertEquals("hello\n", other.answer().body());
            }
        }
    }

    @Test
    void longBodiesArriveUnchangedBothWays() throws Exception {
        client("-s", "shopping").awaitOnline();
        byte[] body = new byte[8 * 1024 * 1024];
        new Random(1).nextBytes(body);

        try (Visitor visitor = Visitor.to(port)) {
            visitor.send("POST /back HTTP/1.1\r\nHost: shopping.localhost\r\nContent-Length: %d\r\n\r\n"
                    .formatted(body.length));
            visitor.send(body);
            Answer head = visitor.head();

            assertEquals(200, head.status(), head::toString);
            assertArrayEquals(body, visitor.bytes(body.length));
        }
    }

    @Test
    void webSocketGoesThrough() throws Exception {
        client("-s", "shopping").awaitOnline();

        try (Visitor visitor = Visitor.to(port)) {
            Answer upgraded =
                    visitor.send(WebSocket.upgrade("shopping.localhost")).head();
            assertEquals(101, upgraded.status(), upgraded::toString);
            visitor.send(WebSocket.frame(1, "hello".getBytes(StandardCharsets.UTF_8)));

            assertEquals("hello", new String(WebSocket.message(visitor), StandardCharsets.UTF_8));
        }
    }

    @Test
    void localHostIsWhatTheTargetFindsInHost() throws Exception {
        client("-s", "shopping", "-l", "localhost").awaitOnline();

        assertEquals("localhost", hostSeen("shopping"));
    }

    @Test
    void nameInUseIsSaid() throws Exception {
        client("-s", "shopping").awaitOnline();
        RunningAgent second = client("-s", "shopping");

        JsonObject notice = second.await("notice");
        String name = second.awaitName();

        assertEquals(
                "the name shopping is in use; this tunnel has the name %s now".formatted(name),
                notice.getString("message"));
        assertEquals("hello\n", get(name, "/hello").body());
    }

    @Test
    void nameThatTheServerDoesNotTakeEndsTheCommandInItsWords() throws Exception {
        Program refused = stage.culvert("lt", "-p", "" + target.port(), "-h", "http://127.0.0.1:" + port, "-s", "a");

        assertEquals(1, refused.exitCode());
        assertEquals(
                List.of("culvert: http://127.0.0.1:%d says: Invalid subdomain. Subdomains must be lowercase and between"
                                .formatted(port)
                        + " 4 and 63 alphanumeric characters."),
                refused.err().awaitEnd());
    }

    @Test
    void tunnelOutlivesItsServer() throws Exception {
        RunningAgent client = client();
        String name = client.awaitName();
        assertEquals("hello\n", get(name, "/hello").body());

        server.kill();
        client.await("reconnecting");
        server = npm.server(port);

        assertEquals(name, client.awaitName());
        assertEquals("hello\n", get(name, "/hello").body());
    }

    @Test
    void visitorOfATargetThatIsDownIsToldSo() throws Exception {
        RunningAgent client = client("-s", "shopping");
        client.awaitOnline();
        target.program().kill();

        Answer answer = get("shopping", "/hello");

        String why = "nothing answers on 127.0.0.1:%d (connection refused)".formatted(target.port());
        assertEquals(502, answer.status(), answer::toString);
        assertEquals("The tunnel is there, but " + why + ".\n", answer.body());
        assertEquals(why, client.await("target-refused").getString("reason"));
    }

    @Test
    void interruptEndsTheTunnel() throws Exception {
        RunningAgent client = client("-s", "shopping");
        client.awaitOnline();

        client.program().interrupt();

        assertEquals(0, client.program().exitCode());
        assertEquals(List.of(), client.program().err().awaitEnd());
        server.err().await("client offline shopping");
    }

    private RunningAgent client(String... more) throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("lt", "-p", "" + target.port(), "-h", "http://127.0.0.1:" + port, "--json"));
        arguments.addAll(List.of(more));
        return new RunningAgent(stage.culvert("home", Map.of(), arguments.toArray(String[]::new)));
    }

    /** What the target finds in Host. */
    private String hostSeen(String name) throws Exception {
        return get(name, "/seen")
                .body()
                .lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("host: "))
                .map(line -> line.substring("host: ".length()))
                .collect(Collectors.joining(", "));
    }

    private Answer get(String name, String path) throws Exception {
        return Visitor.get(port, name + ".localhost", path);
    }
}

package dev.culvert.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpServer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Bound;
import dev.culvert.wire.Frame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a test that embeds the agent looks like. */
class CulvertTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer application;

    @BeforeEach
    void startApplication() throws Exception {
        application = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        application.createContext("/", exchange -> {
            byte[] body = "hello".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        application.start();
    }

    @AfterEach
    void stopApplication() {
        application.stop(0);
    }

    @Test
    void applicationAnswersUnderItsPublicUrl() throws Exception {
        try (EdgeForOneVisitor edge = new EdgeForOneVisitor()) {
            try (LocalTunnel tunnel =
                    Culvert.open(edge.address(), application.getAddress().getPort())) {
                assertEquals("hello", get(tunnel.url()));
            }
        }
    }

    @Test
    void reasonIsThrownAndNoThreadStays() throws Exception {
        try (ScriptedEdge edge = new ScriptedEdge()) {
            edge.stop();
            Set<Thread> before = eventLoops();

            AgentException failure = assertThrows(AgentException.class, () -> Culvert.open(edge.address(), 3000));

            assertEquals(AgentException.Code.NO_EDGE, failure.code());
            Set<Thread> begun = eventLoops();
            begun.removeAll(before);
            for (Thread loop : begun) {
                loop.join(Duration.ofSeconds(10).toMillis()); // Its last turn may be the one that reported the failure.
                assertFalse(loop.isAlive(), loop.getName());
            }
        }
    }

    private static Set<Thread> eventLoops() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("vert.x-eventloop"))
                .collect(Collectors.toSet());
    }

    private String get(String url) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
                .body();
    }

    /** As much of an edge as one request needs; its visitors' port copies a request's head and a short answer. */
    private static final class EdgeForOneVisitor implements AutoCloseable {
        private final ScriptedEdge edge = new ScriptedEdge();
        private final ServerSocket visitors = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final CompletableFuture<Void> played = CompletableFuture.runAsync(this::play);

        EdgeForOneVisitor() throws IOException {}

        String address() {
            return edge.address();
        }

        private void play() {
            try {
                ScriptedEdge.Greeted lane = edge.welcome();
                Bind bind = lane.peer().expect(Frame.BindFrame.class).bind();
                String url = "http://127.0.0.1:" + visitors.getLocalPort();
                lane.peer().send(new Frame.BoundFrame(Bound.granted(bind.id(), ScriptedEdge.key("a"), "a", url, "t")));
                try (Socket visitor = visitors.accept()) {
                    byte[] request = new byte[4096];
                    int bytes = visitor.getInputStream().read(request);
                    lane.open(2, "a").peer().sendText(2, new String(request, 0, bytes, StandardCharsets.US_ASCII));
                    String answer = "";
                    while (!answer.endsWith("hello")) {
                        answer += lane.peer().expectText(2, 1);
                    }
                    visitor.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                    lane.peer().await(Frame.UnbindFrame.class);
                    lane.peer().expectEnd();
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() throws Exception {
            played.get(10, TimeUnit.SECONDS);
            visitors.close();
            edge.close();
        }
    }
}

package dev.culvert.edge.ingress;

import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 as it is agreed on by TLS, and with a client that people use. */
class Http2TlsTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final List<String> BOTH = List.of("h2", "http/1.1");
    private static final int REQUESTS = 500;

    @TempDir
    Path folder;

    private TlsClient client;
    private Door door;
    private Certificates certificates;
    private int port;

    @BeforeEach
    void open() throws Exception {
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("example.com", "*.example.com"));
        authority.write(folder, "other", authority.issue("other.example"));
        client = new TlsClient(authority);
        door = Door.open();
        door.registry.know(FakeRegistry.tunnel("b.example.com"));
        door.registry.know(FakeRegistry.tunnel("other.example"));
        door.registry.know(FakeRegistry.tlsTunnel("passed.example.com"));
        certificates = door.certificates(folder, "edge", "other");
        port = door.listenTls(certificates);
    }

    @AfterEach
    void close() throws Exception {
        certificates.close();
        door.close();
    }

    private RawHttp2Visitor visitor() throws IOException {
        SSLSocket socket = client.connectTo(port, Door.HOST, BOTH);
        assertEquals("h2", socket.getApplicationProtocol());
        return new RawHttp2Visitor(socket);
    }

    @Test
    void tunnelsUnderOneWildcardShareAConnectionAndEachGetsItsOwn() throws Exception {
        try (RawHttp2Visitor visitor = visitor()) {
            int one = visitor.request(get(Door.HOST, "/a"));
            int two = visitor.request(get("b.example.com", "/b"));
            List<FakeTarget> targets = List.of(door.carriers.awaitStream(), door.carriers.awaitStream());
            for (FakeTarget target : targets) {
                String head = target.awaitHead();
                String host = target.request().tunnel().substring("host:".length());
                assertTrue(head.contains("host: " + host + "\r\n"), head);
                assertTrue(head.contains("x-forwarded-proto: https\r\n"), head);
                assertTrue(head.contains("x-forwarded-port: 443\r\n"), head);
                target.send("HTTP/1.1 200 OK\r\nContent-Length: " + host.length() + "\r\n\r\n" + host);
            }

            assertEquals(Door.HOST, visitor.await(one).body());
            assertEquals("b.example.com", visitor.await(two).body());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"other.example", "passed.example.com", "www.example.org"})
    void hostThatIsNotOfThisConnectionIsMisdirectedAndTheOthersGoOn(String host) throws Exception {
        try (RawHttp2Visitor visitor = visitor()) {
            assertEquals(421, visitor.await(visitor.request(get(host, "/"))).status());

            int stream = visitor.request(get(Door.HOST, "/"));
            door.carriers.awaitStream().send(OK);
            assertEquals("ok", visitor.await(stream).body());
        }
    }

    @Test
    void clientThatKnowsHttp1AloneGetsThat() throws Exception {
        try (SSLSocket old = client.connectTo(port, Door.HOST, List.of("http/1.1"))) {
            assertEquals("http/1.1", old.getApplicationProtocol());
            door.visitor(old).send(Door.get("/"));
            assertTrue(door.carriers.awaitStream().awaitHead().startsWith("GET / "));
        }
    }

    @Test
    void http2InPlaintextIsToldTheRightAddress() throws Exception {
        try (RawHttp2Visitor lost = new RawHttp2Visitor(port)) {
            RawHttp2Visitor.Answer answer = lost.await(lost.request(get(Door.HOST, "/a")));

            assertEquals(400, answer.status());
            assertTrue(answer.body().contains("https://app.example.com/a"), answer::body);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void clientOfVertxIsServedOnOneConnection(boolean tls) throws Exception {
        Vertx vertx = Vertx.vertx();
        HttpClientAgent http = vertx.createHttpClient(new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setUseAlpn(true)
                .setSsl(tls)
                .setTrustAll(true)
                .setVerifyHost(false));
        try {
            List<Future<Integer>> answers = new ArrayList<>();
            for (int at = 0; at < REQUESTS; at++) {
                RequestOptions request = new RequestOptions()
                        .setServer(SocketAddress.inetSocketAddress(tls ? port : door.port(), "127.0.0.1"))
                        .setHost("example.com")
                        .setPort(tls ? 443 : 80)
                        .setURI("/");
                answers.add(http.request(request).compose(asked -> asked.send()).compose(answer -> {
                    assertEquals(HttpVersion.HTTP_2, answer.version());
                    return answer.body().map(body -> {
                        assertTrue(body.toString().contains("culvert http"));
                        return answer.statusCode();
                    });
                }));
            }
            for (Future<Integer> answer : answers) {
                assertEquals(
                        200, answer.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS));
            }
            assertEquals(1, door.visitorPort.visitors());
        } finally {
            http.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
            vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
        }
    }
}

package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TlsClient;
import dev.culvert.edge.tls.Certificates;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Visitors without TLS are sent to where it is. */
class RedirectTest {
    private Door door;

    @AfterEach
    void close() throws Exception {
        door.close();
    }

    private void open(int port, boolean trusting) throws Exception {
        door = Door.open(new IngressOptions(
                Door.DOMAIN, null, peer -> trusting, IngressOptions.Deadlines.DEFAULT, () -> port, "node", null));
    }

    @ParameterizedTest
    @CsvSource({
        "443, app.example.com:80, https://app.example.com/a?b",
        "8443, APP.example.com, https://app.example.com:8443/a?b",
        "443, example.com, https://example.com/a?b"
    })
    void whoComesWithoutTlsIsSentToIt(int port, String host, String location) throws Exception {
        open(port, false);

        Answer answer = door.visitor()
                .send("POST /a?b HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n".formatted(host))
                .awaitAnswer();

        assertEquals(308, answer.status());
        assertEquals(location, answer.field("location"));
        assertEquals(0, door.carriers.unseenStreams());
    }

    @Test
    void whatIsNotServedIsSentNowhere() throws Exception {
        open(443, false);

        Answer unknown = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n")
                .awaitAnswer();
        Answer foreign = door.visitor()
                .send("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
                .awaitAnswer();

        assertEquals(404, unknown.status());
        assertEquals(421, foreign.status());
        assertNull(foreign.field("location"));
    }

    @Test
    void whoCameByTlsToATrustedProxyIsServed() throws Exception {
        open(443, true);

        door.visitor().send("GET / HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Proto: https\r\n\r\n");

        String head = door.carriers.awaitStream().awaitHead();
        assertTrue(head.contains("X-Forwarded-Proto: https\r\n"), head);
    }

    @Test
    void whoComesByTlsIsServed(@TempDir Path folder) throws Exception {
        open(443, false);
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "edge", authority.issue("*.example.com"));
        Certificates certificates = door.certificates(folder, "edge");

        door.visitor(new TlsClient(authority).connect(door.listenTls(certificates), Door.HOST))
                .send(Door.get("/"));

        FakeTarget target = door.carriers.awaitStream();
        assertTrue(target.awaitHead().startsWith("GET / "));
        certificates.close();
    }
}

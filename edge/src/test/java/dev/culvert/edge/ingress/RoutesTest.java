package dev.culvert.edge.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.RawVisitor.Answer;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutesTest {

    @ParameterizedTest
    @CsvSource({
        "localhost, localhost, /, 200",
        "localhost, 127.0.0.1:7080, /, 200",
        "localhost, [::1]:7080, /, 200",
        "localhost, localhost, /_culvert/nothing, 404",
        "localhost, localhost, /favicon.ico, 404",
        "example.com, example.com, /, 200",
        "example.com, EXAMPLE.com.:80, /?a, 200",
        "example.com, tunnels.example.org, /, 200",
        "example.com, localhost, /, 421",
        "example.com, 127.0.0.1, /, 421",
    })
    void edgesOwnHostAnswersForItself(String domain, String host, String path, int status) throws Exception {
        URI publicUrl = domain.equals("localhost") ? null : URI.create("https://tunnels.example.org");
        IngressOptions options =
                new IngressOptions(domain, publicUrl, peer -> false, IngressOptions.Deadlines.DEFAULT, null, "", null);
        try (Door door = Door.open(options)) {
            RawVisitor visitor = door.visitor();

            visitor.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");

            Answer answer = visitor.awaitAnswer();
            assertEquals(status, answer.status());
            assertTrue(status != 200 || answer.body().contains(domain), answer.body());
        }
    }

    @Test
    void missIsConfirmedBeforeItIsA404() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");

            Answer answer = visitor.awaitAnswer();

            assertEquals(404, answer.status());
            assertEquals("tunnel_not_found", answer.field("culvert-error"));
            assertTrue(answer.body().contains("culvert http 3000 --name nobody"), answer.body());
            assertEquals(List.of(TunnelKey.ofHost("nobody.example.com")), door.registry.confirmed);
        }
    }

    @Test
    void whoAsksForAnUnknownNameWhenTooManyDoIsToldToComeAgain() throws Exception {
        try (Door door = Door.open()) {
            door.registry.busy = true;
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");

            Answer answer = visitor.awaitAnswer();

            assertEquals(429, answer.status());
            assertEquals("registry_busy", answer.field("culvert-error"));
            assertEquals("1", answer.field("retry-after"));
        }
    }

    @Test
    void nameThatThisNodeHasNotHeardOfIsServed() throws Exception {
        try (Door door = Door.open()) {
            door.registry.knowAtOwner(FakeRegistry.tunnel("new.example.com"));
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: new.example.com\r\n\r\n");

            FakeTarget target = door.carriers.awaitStream();

            assertEquals("host:new.example.com", target.request().tunnel());
        }
    }

    @Test
    void hostOfItsOwnIsServedOnceRegistered() throws Exception {
        try (Door door = Door.open()) {
            door.registry.know(FakeRegistry.tunnel("www.mine.org"));
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: WWW.mine.org\r\n\r\n");

            assertEquals(
                    "host:www.mine.org", door.carriers.awaitStream().request().tunnel());
        }
    }

    @Test
    void namesOfMoreLabelsAreNotEvenLookedUp() throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: a.b.example.com\r\n\r\n");

            assertEquals(421, visitor.awaitAnswer().status());
            assertEquals(List.of(), door.registry.confirmed);
        }
    }

    @Test
    void passthroughTunnelIsNotServedInTheClear() throws Exception {
        try (Door door = Door.open()) {
            Tunnel http = FakeRegistry.tunnel("tls.example.com");
            door.registry.know(new Tunnel(http.key(), "owner", 0, "tls", http.policy(), http.claims(), 0));
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: tls.example.com\r\n\r\n");

            assertEquals(421, visitor.awaitAnswer().status());
        }
    }

    @Test
    void knownNameWithoutALaneIsA503ThatSaysWhenToComeAgain() throws Exception {
        try (Door door = Door.open()) {
            Tunnel held = FakeRegistry.tunnel("away.example.com");
            door.registry.know(FakeRegistry.tunnel("away.example.com", held.policy(), Set.of()));
            door.carriers.number(0);
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: away.example.com\r\n\r\n");

            Answer answer = visitor.awaitAnswer();

            assertEquals(503, answer.status());
            assertEquals("tunnel_offline", answer.field("culvert-error"));
            assertEquals("5", answer.field("retry-after"));
            assertEquals("no-store", answer.field("cache-control"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'text/html,application/xhtml+xml,*/*;q=0.8', text/html; charset=utf-8, <title>No tunnel here</title>",
        "application/json, application/json, '\"code\":\"tunnel_not_found\"'",
        "*/*, text/plain; charset=utf-8, No tunnel here.",
        "'', text/plain; charset=utf-8, No tunnel here.",
    })
    void pageIsWhatTheVisitorAccepts(String accept, String type, String content) throws Exception {
        try (Door door = Door.open()) {
            RawVisitor visitor = door.visitor();
            visitor.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\nAccept: " + accept + "\r\n\r\n");

            Answer answer = visitor.awaitAnswer();

            assertEquals(type, answer.field("content-type"));
            assertTrue(answer.body().contains(content), answer.body());
        }
    }
}

package dev.culvert.edge;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.TunnelOptions;
import dev.culvert.edge.testkit.Balancer;
import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.RawLane;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.testkit.LeakFree;
import dev.culvert.wire.CloseReason;
import dev.culvert.wire.Frame;
import java.io.IOException;
import java.util.Arrays;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents that come to the visitor port, of two edges. */
@Timeout(90)
@ExtendWith(LeakFree.class)
class WebSocketLaneTest {
    private static Cluster cluster;

    @BeforeAll
    static void start() {
        cluster = Cluster.start(2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void visitorsOfBothNodesReachAnAgentThatCameByWebSocket() throws Exception {
        String edge = "http://127.0.0.1:" + cluster.get(0).ports().http();
        int site = cluster.site(request -> request.body()
                .onSuccess(body -> request.response().end(body.length() == 0 ? body.appendString("empty") : body)));
        Nodes.await(cluster.agent(edge, 1, null).open(TunnelOptions.http(site).withName("both")));
        String large = "0123456789abcdef".repeat(64 * 1024);

        for (int node = 0; node < 2; node++) {
            assertEquals(
                    "empty", Cluster.visit(cluster.get(node), "both.localhost").body());
            try (RawVisitor visitor = visitor(node)) {
                visitor.send("POST / HTTP/1.1\r\nHost: both.localhost\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(large.length(), large));
                assertEquals(large, visitor.awaitAnswer().body());
            }
        }
    }

    @Test
    void frameThatComesWithTheRequestIsNotLost() throws Exception {
        try (RawVisitor agent = visitor(0)) {
            agent.send(RawLane.upgrade("localhost") + RawLane.frame(RawLane.BINARY, true, RawLane.hello()));

            RawVisitor.Answer answer = agent.awaitAnswer();

            assertEquals(101, answer.status(), answer.head());
            assertEquals(RawLane.ACCEPTED, answer.field("sec-websocket-accept"));
            assertEquals("culvert-lane.v1", answer.field("sec-websocket-protocol"));
            RawLane lane = new RawLane(agent);
            assertTrue(lane.await(Frame.WelcomeFrame.class).welcome().nodes() >= 2);
        }
    }

    @Test
    void framesMaySpanMessagesFragmentsAndPings() throws Exception {
        try (RawVisitor agent = visitor(0)) {
            RawLane lane = upgraded(agent);
            byte[] hello = RawLane.hello();

            lane.send(RawLane.BINARY, false, Arrays.copyOfRange(hello, 0, 3));
            lane.send(RawLane.PING, true, "are you there".getBytes(US_ASCII));
            lane.send(RawLane.CONTINUATION, true, Arrays.copyOfRange(hello, 3, 20));
            lane.send(RawLane.PONG, true, new byte[0]);
            lane.send(RawLane.BINARY, true, Arrays.copyOfRange(hello, 20, hello.length));

            RawLane.Message pong = lane.message();
            assertEquals(RawLane.PONG, pong.opcode());
            assertArrayEquals("are you there".getBytes(US_ASCII), pong.data());
            lane.await(Frame.WelcomeFrame.class);
        }
    }

    @Test
    void closeIsAnsweredAndEndsTheLane() throws Exception {
        int before = lanes();
        try (RawVisitor agent = visitor(0)) {
            RawLane lane = upgraded(agent).send(RawLane.BINARY, true, RawLane.hello());
            lane.await(Frame.WelcomeFrame.class);
            awaitLanes(before + 1);

            lane.send(RawLane.CLOSE, true, new byte[] {3, (byte) 0xE8});

            RawLane.Message last = lane.message();
            while (last.opcode() == RawLane.BINARY) {
                last = lane.message();
            }
            assertEquals(RawLane.CLOSE, last.opcode());
            agent.awaitEnd();
            awaitLanes(before);
        }
    }

    @Test
    void textEndsTheLaneWithTheReason() throws Exception {
        try (RawVisitor agent = visitor(0)) {
            RawLane lane = upgraded(agent).send(RawLane.TEXT, true, "hello".getBytes(US_ASCII));

            assertEquals(
                    CloseReason.PROTOCOL_ERROR, lane.await(Frame.GoAway.class).reason());
            assertEquals(RawLane.CLOSE, lane.message().opcode());
            agent.awaitEnd();
        }
    }

    @Test
    void frameBeyondTheBoundEndsTheLaneBeforeItIsRead() throws Exception {
        try (RawVisitor agent = visitor(0)) {
            upgraded(agent);
            String frame = RawLane.frame(RawLane.BINARY, true, new byte[128 * 1024 + 1]);

            agent.send(frame.substring(0, 14)); // Its length alone.

            assertEquals(RawLane.CLOSE, new RawLane(agent).message().opcode());
            agent.awaitEnd();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Upgrade: websocket | X: y | 426 | websocket_required",
                "Sec-WebSocket-Version: 13 | Sec-WebSocket-Version: 8 | 426 | websocket_required",
                "Connection: Upgrade | Connection: keep-alive | 426 | websocket_required",
                "Upgrade: websocket | Upgrade: h2c | 426 | websocket_required",
                "Connection: Upgrade | Connection: Upgrade; Origin: http://localhost | 403 | lane_refused",
                "culvert-lane.v1 | chat | 400 | not_a_lane",
                "dGhlIHNhbXBsZSBub25jZQ== | short | 400 | not_a_lane",
                "GET | POST | 400 | not_a_lane",
                "/_culvert/lane | /_culvert/other | 404 | page_not_found",
                "Host: localhost | Host: nobody.localhost | 404 | tunnel_not_found",
                "Host: localhost | Host: elsewhere.example | 421 | host_not_served",
            })
    void wrongRequestIsRefusedInWords(String right, String wrong, int status, String code) throws Exception {
        try (RawVisitor visitor = visitor(0)) {
            visitor.send(RawLane.upgrade("localhost").replace(right, wrong.replace("; ", "\r\n")));

            RawVisitor.Answer answer = visitor.awaitAnswer();

            assertEquals(status, answer.status(), answer.head());
            assertEquals(code, answer.field("culvert-error"));
            assertTrue(answer.body().length() > 40, answer.body());
            if (status == 426) {
                assertEquals("websocket", answer.field("upgrade"));
                assertEquals("13", answer.field("sec-websocket-version"));
            }
        }
    }

    @Test
    void agentGoesToTheOtherNodeWhenItsOwnDrains() throws Exception {
        Edge leaving = cluster.join();
        Balancer doors = cluster.doors();
        int site = cluster.site("still here");
        Nodes.await(cluster.agent("http://127.0.0.1:" + doors.port(), 3, null)
                .open(TunnelOptions.http(site).withName("drained")));
        Awaitility.await().until(() -> holders("drained") == 3);

        Nodes.await(cluster.stop(leaving));

        doors.without(leaving.ports().http());
        for (int node = 0; node < 2; node++) {
            RawVisitor.Answer answer = Cluster.visit(cluster.get(node), "drained.localhost");
            assertEquals("still here", answer.body());
        }
    }

    private static int holders(String name) throws IOException {
        try (RawVisitor visitor = new RawVisitor(cluster.get(0).ports().admin())) {
            String answer = visitor.send(
                            "GET /api/v1/tunnels/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                                    .formatted(name))
                    .awaitEnd();
            return answer.split("\"lane\":", -1).length - 1;
        }
    }

    private static int lanes() throws IOException {
        try (RawVisitor visitor = new RawVisitor(cluster.get(0).ports().admin())) {
            String metrics = visitor.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .awaitEnd();
            return metrics.lines()
                    .filter(line -> line.startsWith("culvert_lanes "))
                    .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' '))))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(metrics));
        }
    }

    private static void awaitLanes(int count) {
        Awaitility.await().until(() -> lanes() == count);
    }

    private static RawLane upgraded(RawVisitor agent) throws IOException {
        RawVisitor.Answer answer = agent.send(RawLane.upgrade("localhost")).awaitAnswer();
        assertEquals(101, answer.status(), answer.head());
        return new RawLane(agent);
    }

    private static RawVisitor visitor(int node) throws IOException {
        return new RawVisitor(cluster.get(node).ports().http());
    }
}

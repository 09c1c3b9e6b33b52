package dev.culvert.edge.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.Door;
import dev.culvert.edge.testkit.FakeRegistry;
import dev.culvert.edge.testkit.FakeTarget;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.lane.Sockets;
import dev.culvert.wire.CloseReason;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    /** A line of Prometheus' text format: name, labels, value. */
    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{(?:[a-zA-Z_]\\w*=\"(?:[^\"\\\\]|\\\\.)*\",?)*\\})? (\\S+)");

    private final Vertx vertx = Vertx.vertx();
    private final Context context = vertx.getOrCreateContext();
    private final LoopLag lag = LoopLag.of(vertx, Sockets.eventLoopOf(context));

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void everyLineCanBeReadAndEveryNameOfTheManualIsThere() {
        FakeRegistry registry = new FakeRegistry();
        registry.know(FakeRegistry.tunnel("a.localhost"));
        registry.know(new Tunnel(
                TunnelKey.ofHost("b.localhost"),
                "owner",
                0,
                "http",
                new Tunnel.Policy("preserve", "3000", 0, false, Admission.EVERYBODY),
                Set.of(),
                9_000_000_000_000L));
        Map<String, Double> samples = scrape(new Metrics(AdminParts.node("n1", registry, () -> true), lag));

        assertEquals(2, samples.get("culvert_names"));
        assertEquals(1, samples.get("culvert_names_reserved"));
        assertEquals(1, samples.get("culvert_nodes"));
        assertEquals(1, samples.get("culvert_ready"));
        assertEquals(9, samples.get("culvert_relayed_streams"));
        assertEquals(1, samples.get("culvert_nodes_unreached"));
        assertEquals(1.8e9, samples.get("culvert_certificate_end_timestamp_seconds"));
        assertEquals(1.9e9, samples.get("culvert_bus_certificate_end_timestamp_seconds"));
        assertEquals(3, samples.get("culvert_certificate_orders_total{outcome=\"received\"}"));
        assertEquals(2, samples.get("culvert_certificate_orders_total{outcome=\"failed\"}"));
        assertEquals(0, samples.get("culvert_lanes"));
        assertEquals(0, samples.get("culvert_clients"));
        assertEquals(0, samples.get("culvert_streams"));
        assertTrue(samples.get("culvert_window_budget_left_bytes") > 0);
        assertTrue(samples.get("culvert_event_loop_lag_seconds") >= 0);
        assertTrue(samples.get("culvert_direct_memory_bytes") >= 0);
        assertTrue(samples.get("jvm_memory_used_bytes{area=\"heap\",id=\"Eden Space\"}") > 0);
        for (CloseReason reason : CloseReason.values()) {
            assertEquals(0, samples.get("culvert_opens_refused_total{reason=\"%s\"}".formatted(reason.label())));
            assertEquals(0, samples.get("culvert_lanes_closed_total{reason=\"%s\"}".formatted(reason.label())));
        }
        assertFalse(samples.keySet().stream().anyMatch(series -> series.contains("localhost")), "a tunnel as a label");
    }

    @Test
    void requestsMoveTheCountersByTheirStatus() throws Exception {
        try (Door door = Door.open()) {
            Metrics metrics = new Metrics(AdminParts.node("n1", door.registry, () -> true, door.traffic), lag);
            RawVisitor visitor = door.visitor();

            visitor.send("POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 3\r\n\r\nabc");
            FakeTarget target = door.carriers.awaitStream();
            target.awaitText("abc");
            assertEquals(1, scrape(metrics).get("culvert_visitors"));
            target.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
            assertEquals(201, visitor.awaitAnswer().status());
            visitor.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");
            assertEquals(404, visitor.awaitAnswer().status());
            visitor.send("broken\r\n\r\n");
            assertEquals(400, visitor.awaitAnswer().status());

            Awaitility.await().untilAsserted(() -> {
                Map<String, Double> samples = scrape(metrics);
                assertEquals(1, samples.get("culvert_requests_total{status=\"2xx\"}"));
                assertEquals(2, samples.get("culvert_requests_total{status=\"4xx\"}"));
                assertEquals(0, samples.get("culvert_requests_total{status=\"none\"}"));
                assertEquals(3, samples.get("culvert_visitor_bytes_total{direction=\"in\"}"));
                assertEquals(2, samples.get("culvert_visitor_bytes_total{direction=\"out\"}"));
                assertEquals(0, samples.get("culvert_visitors"));
            });
        }
    }

    @Test
    void refusedOpenAndVisitorWhoLeftAreCounted() throws Exception {
        try (Door door = Door.open()) {
            Metrics metrics = new Metrics(AdminParts.node("n1", door.registry, () -> true, door.traffic), lag);
            String get = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n";
            RawVisitor patient = door.visitor();
            patient.send(get);
            FakeTarget refusing = door.carriers.awaitStream();
            refusing.awaitHead();
            refusing.reset(CloseReason.TARGET_REFUSED, 0, "connection refused");
            assertEquals(502, patient.awaitAnswer().status());

            RawVisitor leaving = door.visitor();
            leaving.send(get);
            door.carriers.awaitStream().awaitHead();
            leaving.reset();

            Awaitility.await().untilAsserted(() -> {
                Map<String, Double> samples = scrape(metrics);
                assertEquals(1, samples.get("culvert_opens_refused_total{reason=\"target_refused\"}"));
                assertEquals(1, samples.get("culvert_requests_total{status=\"5xx\"}"));
                assertEquals(1, samples.get("culvert_requests_total{status=\"none\"}"));
            });
        }
    }

    @Test
    void loopThatIsBlockedShows() {
        context.runOnContext(run -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1_500)));

        // Asked once a second, it is found waiting.
        Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> lag.seconds() > 0.2);
    }

    private static Map<String, Double> scrape(Metrics metrics) {
        Map<String, Double> samples = new HashMap<>();
        for (String line : metrics.scrape().split("\n")) {
            if (!line.startsWith("#")) {
                Matcher sample = SAMPLE.matcher(line);
                assertTrue(sample.matches(), line);
                String labels = sample.group(2) == null ? "" : sample.group(2);
                samples.put(sample.group(1) + labels, Double.parseDouble(sample.group(3)));
            }
        }
        return samples;
    }
}

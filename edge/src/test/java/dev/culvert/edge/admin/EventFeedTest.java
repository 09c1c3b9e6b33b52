package dev.culvert.edge.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.testkit.FakeRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.parsetools.RecordParser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventFeedTest {
    private static final TunnelKey SHOP = TunnelKey.ofHost("shop.localhost");

    private final Vertx vertx = Vertx.vertx();
    private final FakeRegistry registry = new FakeRegistry();
    private final View view = new View();
    private final HttpClient client = vertx.createHttpClient(new PoolOptions().setHttp1MaxSize(100));
    private int port;

    @BeforeEach
    void start() throws Exception {
        registry.know(FakeRegistry.tunnel("shop.localhost"));
        port = deploy(Duration.ofSeconds(15));
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void snapshotComesFirstAndChangesFollow() throws Exception {
        Reader reader = read(port);

        Event first = reader.next();
        assertEquals("snapshot", first.type());
        assertEquals(List.of("shop"), names(first.data().getJsonArray("tunnels")));
        assertEquals("n1", first.data().getJsonArray("nodes").getJsonObject(0).getString("id"));

        registry.know(FakeRegistry.tunnel("blog.localhost"));
        Event added = reader.next();
        assertEquals("change", added.type());
        assertEquals(List.of("blog"), names(added.data().getJsonArray("tunnels")));
        assertEquals(new JsonArray(), added.data().getJsonArray("gone"));

        view.counts = new Traffic.Counts(1, 2, 3, 4);
        Event counted = reader.next();
        assertEquals(List.of("shop"), names(counted.data().getJsonArray("tunnels")));
        assertEquals(2, counted.data().getJsonArray("tunnels").getJsonObject(0).getInteger("requests"));

        registry.free(TunnelKey.ofHost("blog.localhost")).await(10, TimeUnit.SECONDS);
        Event gone = reader.next();
        assertEquals(List.of("blog"), gone.data().getJsonArray("gone").getList());
        assertTrue(first.id() < added.id() && added.id() < counted.id() && counted.id() < gone.id());
    }

    @Test
    void whoComesLaterGetsASnapshotOfItsOwn() throws Exception {
        read(port).next();
        registry.know(FakeRegistry.tunnel("blog.localhost"));

        Event first = read(port).next();

        assertEquals("snapshot", first.type());
        assertEquals(List.of("blog", "shop"), names(first.data().getJsonArray("tunnels")));
    }

    @Test
    void thereAreTwoUpdatesASecondAtTheMostHoweverMuchHappens() throws Exception {
        view.isBusy = true;
        Reader reader = read(port);
        reader.next();
        long begun = System.nanoTime();

        for (int i = 0; i < 4; i++) {
            reader.next();
        }

        // Four updates after the snapshot are four pauses of half a second; timers may be a little early.
        assertTrue(System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(1_950));
    }

    @Test
    void silentConnectionIsKeptAliveByComments() throws Exception {
        Reader reader = read(deploy(Duration.ofMillis(100)));
        reader.next();

        assertEquals(": still here", reader.records.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void nobodyLooksWhileNobodyReads() throws Exception {
        assertEquals(0, view.looks.get());
        Reader reader = read(port);
        reader.next();
        assertTrue(view.looks.get() > 0);

        reader.request.reset().await(10, TimeUnit.SECONDS);

        // The look that was due finds nobody and is the last one.
        int looks = view.looks.get();
        vertx.timer(1_700, TimeUnit.MILLISECONDS).await(10, TimeUnit.SECONDS);
        assertTrue(view.looks.get() <= looks + 1, "looked %d times more".formatted(view.looks.get() - looks));
    }

    @Test
    void readersAreBoundedAndTheOneTooManyIsToldSo() throws Exception {
        List<Reader> readers = new ArrayList<>();
        for (int i = 0; i < EventFeed.MOST_READERS; i++) {
            readers.add(read(port));
        }
        for (Reader reader : readers) {
            reader.next();
        }

        // The body is asked for on the response's own thread: later it may have gone by.
        JsonObject body = client.request(HttpMethod.GET, port, "127.0.0.1", "/api/v1/events")
                .compose(HttpClientRequest::send)
                .compose(refused -> {
                    assertEquals(503, refused.statusCode());
                    assertEquals("5", refused.getHeader("Retry-After"));
                    return refused.body();
                })
                .await(10, TimeUnit.SECONDS)
                .toJsonObject();

        assertEquals("too_many_readers", body.getString("code"));
    }

    @Test
    void ownersTextIsDataAndCannotEndAnEvent() throws Exception {
        String target = "<script>alert(1)</script>\n\nevent: change\ndata: {}";
        registry.know(FakeRegistry.tunnel(
                "evil.localhost",
                new Tunnel.Policy("preserve", target, 0, false, Admission.EVERYBODY),
                Set.of(FakeRegistry.CLAIM)));

        Event first = read(port).next();

        assertEquals("snapshot", first.type());
        assertEquals(
                target, first.data().getJsonArray("tunnels").getJsonObject(0).getString("target"));
    }

    @Test
    void headOfAStreamEnds() throws Exception {
        HttpClientResponse head = client.request(HttpMethod.HEAD, port, "127.0.0.1", "/api/v1/events")
                .compose(HttpClientRequest::send)
                .await(10, TimeUnit.SECONDS);

        assertEquals(200, head.statusCode());
        assertFalse(head.headers().contains("Transfer-Encoding"));
    }

    private int deploy(Duration heartbeat) throws Exception {
        TunnelList tunnels = new TunnelList(
                registry, "localhost", tunnel -> "http://" + tunnel.key().name(), view);
        LocalNode node = AdminParts.node("n1", registry, () -> true);
        AdminVerticle verticle =
                new AdminVerticle(List.of("127.0.0.1"), 0, new Door(true, null), node, view, tunnels, heartbeat);
        vertx.deployVerticle(verticle).await(10, TimeUnit.SECONDS);
        return verticle.port();
    }

    private Reader read(int port) throws Exception {
        BlockingQueue<String> records = new LinkedBlockingQueue<>();
        HttpClientRequest request = client.request(HttpMethod.GET, port, "127.0.0.1", "/api/v1/events")
                .await(10, TimeUnit.SECONDS);
        request.response()
                .onSuccess(response ->
                        response.handler(RecordParser.newDelimited("\n\n", record -> records.add(record.toString()))));
        HttpClientResponse response = request.send().await(10, TimeUnit.SECONDS);
        assertEquals("text/event-stream", response.getHeader("Content-Type"));
        return new Reader(request, records);
    }

    private static List<String> names(JsonArray tunnels) {
        return tunnels.stream()
                .map(tunnel -> ((JsonObject) tunnel).getString("name"))
                .toList();
    }

    private record Event(long id, String type, JsonObject data) {}

    private record Reader(HttpClientRequest request, BlockingQueue<String> records) {
        Event next() throws InterruptedException {
            String record = records.poll(10, TimeUnit.SECONDS);
            if (record == null) {
                throw new AssertionError("no event within 10 s");
            }
            String[] lines = record.split("\n");
            assertEquals(3, lines.length, record);
            return new Event(
                    Long.parseLong(lines[0].substring("id: ".length())),
                    lines[1].substring("event: ".length()),
                    new JsonObject(lines[2].substring("data: ".length())));
        }
    }

    /** One node, whose numbers the test sets. */
    private static final class View implements ClusterView {
        private final AtomicInteger looks = new AtomicInteger();
        private volatile Traffic.Counts counts = new Traffic.Counts(0, 0, 0, 0);
        private volatile boolean isBusy;

        @Override
        public Future<ClusterPicture> look() {
            int look = looks.incrementAndGet();
            Traffic.Counts now = isBusy ? new Traffic.Counts(0, look, 0, 0) : counts;
            return Future.succeededFuture(ClusterPicture.of(AdminParts.status("n1", Map.of(SHOP, now), Map.of())));
        }

        @Override
        public Future<Void> takeAway(String node, TunnelKey key, String why) {
            throw new UnsupportedOperationException();
        }
    }
}

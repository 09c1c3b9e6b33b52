package dev.culvert.edge.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.admission.Admission;
import dev.culvert.config.Rate;
import dev.culvert.config.Secret;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.registry.Claim;
import dev.culvert.edge.registry.Registry;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.edge.registry.TunnelKey;
import dev.culvert.edge.registry.UnreadPolicy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

@ExtendWith(VertxExtension.class)
class AdminVerticleTest {
    private static final String TOKEN = "a-token-that-is-long-enough";

    static {
        // The JDK's client sends the Host that the test wants only when it is told so before its first use.
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
    }

    private final Names names = new Names();
    private final AtomicBoolean ready = new AtomicBoolean(true);
    private final PlayedView cluster = new PlayedView();
    private final HttpClient client = HttpClient.newHttpClient();
    private Vertx vertx;
    private int port;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        this.vertx = vertx;
        port = deploy(new Door(true, null)).port();
    }

    @Test
    void healthAndReadinessAnswerEveryone() throws Exception {
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        HttpResponse<String> health = get(guarded, "/healthz", "Host", "edge.example.com");

        assertEquals(200, health.statusCode());
        assertEquals("up", new JsonObject(health.body()).getString("status"));
        assertEquals(
                200,
                get(guarded, "/readyz", "Origin", "http://elsewhere.example").statusCode());
    }

    @Test
    void nodeThatDrainsIsAliveButNotReady() throws Exception {
        ready.set(false);

        assertEquals(503, get(port, "/readyz").statusCode());
        assertEquals("draining", new JsonObject(get(port, "/readyz").body()).getString("status"));
        assertEquals(200, get(port, "/healthz").statusCode());
    }

    @Test
    void listsTunnelsByNameWithTheirHolders() throws Exception {
        names.add("shop", Set.of(new Claim("n1", "l1", "i1")), 0);
        names.add("blog", Set.of(), 1_700_000_000_000L);

        JsonArray tunnels = new JsonArray(get(port, "/api/v1/tunnels").body());

        assertEquals(2, tunnels.size());
        JsonObject blog = tunnels.getJsonObject(0);
        JsonObject shop = tunnels.getJsonObject(1);
        assertEquals("blog", blog.getString("name"));
        assertEquals("2023-11-14T22:13:20Z", blog.getString("reservedUntil"));
        assertTrue(blog.getJsonArray("holders").isEmpty());
        assertEquals("shop", shop.getString("name"));
        assertEquals("http://shop.localhost:7080", shop.getString("url"));
        assertEquals("http", shop.getString("kind"));
        assertEquals("alice", shop.getString("owner"));
        assertEquals("127.0.0.1:3000", shop.getString("target"));
        assertEquals("1970-01-01T00:00:01Z", shop.getString("since"));
        assertNull(shop.getString("reservedUntil"));
        // Of both nodes together.
        assertEquals(3, shop.getInteger("visitors"));
        assertEquals(40L, shop.getLong("requests"));
        assertEquals(500L, shop.getLong("bytesIn"));
        assertEquals(6000L, shop.getLong("bytesOut"));
        assertEquals(
                new JsonObject(Map.of("node", "n1", "lane", "l1", "instance", "i1", "address", "10.0.0.9:4711")),
                shop.getJsonArray("holders").getJsonObject(0));
    }

    /** So that nobody takes it for open, which it is not. */
    @Test
    void restrictionThatIsNotKnownHereIsListed() throws Exception {
        UnreadPolicy unread = new UnreadPolicy(Set.of("countries"), Buffer.buffer("as it was written"));
        Tunnel.Policy policy =
                new Tunnel.Policy("preserve", "127.0.0.1:22", 0, false, Admission.EVERYBODY, null, unread);
        names.tunnels.add(new Tunnel(TunnelKey.ofHost("shop.localhost"), "alice", 1000, "http", policy, Set.of(), 1));

        JsonArray tunnels = new JsonArray(get(port, "/api/v1/tunnels").body());

        assertEquals(new JsonArray().add("countries"), tunnels.getJsonObject(0).getJsonArray("unread"));
    }

    @Test
    void rateIsListedWhereThereIsOne() throws Exception {
        Rate rate = Rate.parse("600/m");
        Tunnel.Policy policy = new Tunnel.Policy(
                "preserve", "127.0.0.1:22", 0, false, Admission.EVERYBODY, rate, UnreadPolicy.NOTHING);
        names.tunnels.add(new Tunnel(TunnelKey.ofHost("busy.localhost"), "alice", 1000, "http", policy, Set.of(), 1));
        names.add("shop", Set.of(), 1);

        JsonArray tunnels = new JsonArray(get(port, "/api/v1/tunnels").body());

        assertEquals("600/m", tunnels.getJsonObject(0).getString("rate"));
        assertNull(tunnels.getJsonObject(1).getString("rate"));
    }

    @Test
    void tunnelOfAPortIsNamedByIt() throws Exception {
        names.addPort(2222);

        JsonObject tunnel = new JsonObject(get(port, "/api/v1/tunnels/tcp:2222").body());

        assertEquals("tcp:2222", tunnel.getString("name"));
        assertEquals("tcp", tunnel.getString("kind"));
        assertEquals(404, get(port, "/api/v1/tunnels/tcp:2223").statusCode());
    }

    @Test
    void listsNodesWithWhatTheyDo() throws Exception {
        JsonArray nodes = new JsonArray(get(port, "/api/v1/nodes").body());

        assertEquals(2, nodes.size());
        JsonObject first = nodes.getJsonObject(0);
        assertEquals("n1", first.getString("id"));
        assertEquals("label-n1", first.getString("label"));
        assertEquals("127.0.0.1:7080", first.getString("address"));
        assertEquals("1970-01-01T00:00:05Z", first.getString("since"));
        assertEquals("1.2.3", first.getString("version"));
        assertEquals(7, first.getInteger("lanes"));
        assertEquals(8, first.getInteger("streams"));
        assertEquals(9, first.getInteger("relayed"));
        assertTrue(first.getBoolean("here"));
        assertFalse(first.getBoolean("draining"));
        assertFalse(nodes.getJsonObject(1).getBoolean("here"));
    }

    @Test
    void deletingATunnelAsksEachNodeThatHoldsItAndFreesTheName() throws Exception {
        names.add("shop", Set.of(new Claim("n1", "l1", "i1"), new Claim("n2", "l2", "i1")), 0);
        cluster.onTakeAway = (node, key) -> names.drop(key, node);

        assertEquals(204, delete("/api/v1/tunnels/shop").statusCode());

        assertEquals(Set.of("n1 host:shop.localhost", "n2 host:shop.localhost"), Set.copyOf(cluster.takenAway));
        assertEquals(404, get(port, "/api/v1/tunnels/shop").statusCode());
    }

    @Test
    void deletingAReservedNameFreesIt() throws Exception {
        names.add("kept", Set.of(), 1_700_000_000_000L);

        assertEquals(204, delete("/api/v1/tunnels/kept").statusCode());

        assertEquals(404, get(port, "/api/v1/tunnels/kept").statusCode());
        assertTrue(cluster.takenAway.isEmpty());
    }

    @Test
    void tunnelOfANodeThatDoesNotAnswerIsNotSaidToBeGone() throws Exception {
        names.add("shop", Set.of(new Claim("n2", "l2", "i1")), 0);

        HttpResponse<String> answer = delete("/api/v1/tunnels/shop");

        assertEquals(503, answer.statusCode());
        assertEquals("still_held", new JsonObject(answer.body()).getString("code"));
        assertEquals(200, get(port, "/api/v1/tunnels/shop").statusCode());
    }

    @Test
    void deletingWhatNobodyHasIsNotFound() throws Exception {
        assertEquals(404, delete("/api/v1/tunnels/nobody").statusCode());
    }

    @Test
    void deletingAsksForTheTokenAndIsNotForPagesOfOtherSites() throws Exception {
        names.add("shop", Set.of(), 0);
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        HttpResponse<String> without =
                client.send(request(guarded, "/api/v1/tunnels/shop").DELETE().build(), BodyHandlers.ofString());
        HttpResponse<String> elsewhere = client.send(
                request(port, "/api/v1/tunnels/shop")
                        .header("Origin", "http://demo.localhost:7080")
                        .DELETE()
                        .build(),
                BodyHandlers.ofString());

        assertEquals(401, without.statusCode());
        assertEquals(403, elsewhere.statusCode());
        assertEquals(200, get(port, "/api/v1/tunnels/shop").statusCode());
    }

    @Test
    void metricsAskForTheTokenToo() throws Exception {
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        assertEquals(401, get(guarded, "/metrics").statusCode());
        assertEquals(
                200,
                get(guarded, "/metrics", "Authorization", "Bearer " + TOKEN).statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "/, text/html",
        "/dashboard.css, text/css",
        "/dashboard.js, text/javascript",
        "/page.js, text/javascript",
        "/icon.svg, image/svg"
    })
    void dashboardComesWithoutATokenAndLoadsNothingFromElsewhere(String path, String type) throws Exception {
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        HttpResponse<String> file = get(guarded, path);

        assertEquals(200, file.statusCode());
        assertTrue(file.headers().firstValue("content-type").orElse("").startsWith(type));
        String policy = file.headers().firstValue("content-security-policy").orElse("");
        assertTrue(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self'"), policy);
        assertFalse(policy.contains("unsafe"), policy);
        assertFalse(file.body().contains("innerHTML"), "markup from data");
        assertFalse(file.body().matches("(?s).*(src|href)=\"(https?:)?//.*"), "something from elsewhere");
    }

    @Test
    void dashboardIsNotForPagesOfOtherSitesEither() throws Exception {
        assertEquals(403, get(port, "/", "Host", "attacker.example").statusCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"shop", "shop.localhost"})
    void oneTunnelIsFoundByLabelAndByHost(String name) throws Exception {
        names.add("shop", Set.of(), 0);

        assertEquals("shop", new JsonObject(get(port, "/api/v1/tunnels/" + name).body()).getString("name"));
    }

    @Test
    void tunnelThatOnlyTheOwnersCopyKnowsIsFoundToo() throws Exception {
        names.add("late", Set.of(), 0);
        names.copyIsStale = true;

        assertEquals(200, get(port, "/api/v1/tunnels/late").statusCode());
    }

    @Test
    void errorsAreJson() throws Exception {
        HttpResponse<String> unknown = get(port, "/api/v1/tunnels/nobody");
        HttpResponse<String> nothing = get(port, "/nothing");

        assertEquals(404, unknown.statusCode());
        assertEquals("unknown_tunnel", new JsonObject(unknown.body()).getString("code"));
        assertEquals(404, nothing.statusCode());
        assertEquals("not_found", new JsonObject(nothing.body()).getString("code"));
    }

    @Test
    void registryThatIsAwayIsNotAnUnknownName() throws Exception {
        names.isAway = true;

        assertEquals(503, get(port, "/api/v1/tunnels/shop").statusCode());
    }

    @Test
    void headSaysWhatGetWouldWithoutABody() throws Exception {
        HttpResponse<String> get = get(port, "/api/v1/tunnels");
        HttpResponse<String> head = client.send(
                request(port, "/api/v1/tunnels")
                        .method("HEAD", BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());

        assertEquals(200, head.statusCode());
        assertEquals("", head.body());
        assertEquals(get.headers().firstValue("content-length"), head.headers().firstValue("content-length"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS"})
    void otherMethodsAreRefusedWithThoseThatAreAllowed(String method) throws Exception {
        HttpResponse<String> answer = client.send(
                request(port, "/api/v1/tunnels")
                        .method(method, BodyPublishers.ofString("x"))
                        .build(),
                BodyHandlers.ofString());

        assertEquals(405, answer.statusCode());
        assertEquals("GET, HEAD", answer.headers().firstValue("allow").orElse(""));
        assertEquals("method_not_allowed", new JsonObject(answer.body()).getString("code"));
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:7090, 200",
        "LOCALHOST, 200",
        "127.0.0.1:7090, 200",
        "127.8.8.8, 200",
        "[::1]:7090, 200",
        "attacker.example, 403",
        "demo.localhost:7090, 403",
        "127.0.0.1.attacker.example, 403",
        "localhost.attacker.example:7090, 403",
        "10.0.0.1, 403"
    })
    void onLoopbackOnlyLoopbackNamesAreAnswered(String host, int status) throws Exception {
        assertEquals(status, get(port, "/api/v1/tunnels", "Host", host).statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "http://localhost:7090, 200",
        "http://demo.localhost:7080, 403",
        "http://localhost:7080, 403",
        "https://attacker.example, 403",
        "null, 403"
    })
    void pagesOfOtherSitesAreRefused(String origin, int status) throws Exception {
        HttpResponse<String> answer = get(port, "/api/v1/tunnels", "Host", "localhost:7090", "Origin", origin);

        assertEquals(status, answer.statusCode());
    }

    /** As a picture of their pages is asked for, without Origin. */
    @ParameterizedTest
    @CsvSource({
        "/api/v1/events, cross-site, 403",
        "/api/v1/events, same-site, 403",
        "/api/v1/tunnels, same-origin, 200",
        "/api/v1/tunnels, none, 200",
        "/, cross-site, 200",
        "/readyz, cross-site, 200"
    })
    void whatABrowserAsksInTheNameOfAnotherPageIsRefused(String path, String site, int status) throws Exception {
        HttpRequest request = request(port, path)
                .method("HEAD", BodyPublishers.noBody())
                .headers("Host", "localhost:7090", "Sec-Fetch-Site", site)
                .build();

        assertEquals(status, client.send(request, BodyHandlers.discarding()).statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "Bearer a-token-that-is-long-enough, 200",
        "bearer a-token-that-is-long-enough, 200",
        "Bearer a-token-that-is-long-enougH, 401",
        "Bearer a-token-that-is-long-enough-and-more, 401",
        "Basic a-token-that-is-long-enough, 401",
        "Bearer, 401"
    })
    void beyondLoopbackTheTokenIsNeeded(String authorization, int status) throws Exception {
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        HttpResponse<String> answer =
                get(guarded, "/api/v1/tunnels", "Host", "edge.example.com:7090", "Authorization", authorization);

        assertEquals(status, answer.statusCode());
    }

    @Test
    void whoSendsNoTokenIsToldWhatToSend() throws Exception {
        int guarded = deploy(new Door(false, Secret.of(TOKEN))).port();

        HttpResponse<String> answer = get(guarded, "/api/v1/tunnels");

        assertEquals(401, answer.statusCode());
        assertEquals("Bearer", answer.headers().firstValue("www-authenticate").orElse(""));
        assertFalse(answer.body().contains(TOKEN));
    }

    @Test
    void doorBeyondLoopbackCannotBeBuiltWithoutAToken() {
        assertThrows(IllegalArgumentException.class, () -> new Door(false, null));
    }

    @Test
    void descriptionNamesExactlyTheRoutesThatThereAre() throws Exception {
        Set<String> routes = new TreeSet<>();
        for (var route : verticle(new Door(true, null), vertx).router().getRoutes()) {
            if (route.getPath() != null) {
                routes.add(route.getPath().replaceAll(":(\\w+)", "{$1}"));
            }
        }

        Map<String, Map<String, ?>> paths = description("paths");

        assertEquals(routes, new TreeSet<>(paths.keySet()));
        paths.forEach((path, operations) -> assertEquals(
                path.equals("/api/v1/tunnels/{name}") ? Set.of("parameters", "get", "delete") : Set.of("get"),
                operations.keySet(),
                path));
        assertEquals(200, get(port, "/openapi.yaml").statusCode());
    }

    @Test
    void descriptionNamesExactlyTheFieldsOfTunnelsAndNodes() throws Exception {
        names.add("shop", Set.of(new Claim("n1", "l1", "i1")), 0);
        JsonObject shop = new JsonObject(get(port, "/api/v1/tunnels/shop").body());

        Map<String, Map<String, Map<String, ?>>> components = description("components");
        Map<String, Map<String, ?>> schemas = components.get("schemas");

        assertEquals(schemas.get("Tunnel").get("required"), List.copyOf(shop.fieldNames()));
        assertEquals(fields(schemas.get("Tunnel")), new TreeSet<>(shop.fieldNames()));
        JsonObject node = new JsonArray(get(port, "/api/v1/nodes").body()).getJsonObject(0);
        assertEquals(schemas.get("Node").get("required"), List.copyOf(node.fieldNames()));
        assertEquals(fields(schemas.get("Node")), new TreeSet<>(node.fieldNames()));
        assertEquals(
                fields(schemas.get("Holder")),
                new TreeSet<>(shop.getJsonArray("holders").getJsonObject(0).fieldNames()));
    }

    private static Set<String> fields(Map<String, ?> schema) {
        Set<String> fields = new TreeSet<>();
        ((Map<?, ?>) schema.get("properties")).keySet().forEach(name -> fields.add(name.toString()));
        return fields;
    }

    @SuppressWarnings("unchecked")
    private static <T> T description(String part) throws IOException {
        try (InputStream text = AdminVerticle.class.getResourceAsStream("openapi.yaml")) {
            Map<String, Object> document = new Yaml().load(text);
            return (T) document.get(part);
        }
    }

    private AdminVerticle deploy(Door door) throws Exception {
        AdminVerticle verticle = verticle(door, vertx);
        vertx.deployVerticle(verticle).await(10, TimeUnit.SECONDS);
        return verticle;
    }

    private AdminVerticle verticle(Door door, Vertx vertx) {
        TunnelList tunnels = new TunnelList(
                names, "localhost", tunnel -> "http://" + tunnel.key().name() + ":7080", cluster);
        LocalNode node = AdminParts.node("n1", names, ready::get);
        AdminVerticle verticle = new AdminVerticle(List.of("127.0.0.1"), 0, door, node, cluster, tunnels);
        verticle.init(vertx, vertx.getOrCreateContext());
        return verticle;
    }

    private HttpResponse<String> get(int port, String path, String... headers) throws Exception {
        HttpRequest.Builder request = request(port, path);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> delete(String path) throws Exception {
        return client.send(request(port, path).DELETE().build(), BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    }

    /** Two nodes that carried what the test looks for together, and that are told what to give up. */
    private static final class PlayedView implements ClusterView {
        private final List<String> takenAway = new ArrayList<>();
        private @Nullable BiConsumer<String, TunnelKey> onTakeAway;

        @Override
        public Future<ClusterPicture> look() {
            TunnelKey shop = TunnelKey.ofHost("shop.localhost");
            return Future.succeededFuture(ClusterPicture.of(
                    AdminParts.status("n1", Map.of(shop, new Traffic.Counts(1, 30, 100, 6000)), Map.of()),
                    AdminParts.status(
                            "n2", Map.of(shop, new Traffic.Counts(2, 10, 400, 0)), Map.of("l1", "10.0.0.9:4711"))));
        }

        @Override
        public Future<Void> takeAway(String node, TunnelKey key, String why) {
            takenAway.add(node + " " + key);
            if (onTakeAway == null) {
                return Future.failedFuture("no answer");
            }
            onTakeAway.accept(node, key);
            return Future.succeededFuture();
        }
    }

    /** A registry that knows what the test says. */
    private static final class Names implements Registry {
        private final List<Tunnel> tunnels = new ArrayList<>();
        private boolean copyIsStale;
        private boolean isAway;

        void add(String label, Set<Claim> claims, long reservedUntil) {
            tunnels.add(new Tunnel(
                    TunnelKey.ofHost(label + ".localhost"),
                    "alice",
                    1000,
                    "http",
                    new Tunnel.Policy("preserve", "127.0.0.1:3000", 0, false, Admission.EVERYBODY),
                    claims,
                    reservedUntil));
        }

        void addPort(int number) {
            Tunnel.Policy policy = new Tunnel.Policy("preserve", "127.0.0.1:22", 0, false, Admission.EVERYBODY);
            tunnels.add(new Tunnel(TunnelKey.ofPort(number), "alice", 1000, "tcp", policy, Set.of(), 1));
        }

        /** The node's claims on the tunnel end. */
        void drop(TunnelKey key, String node) {
            tunnels.replaceAll(tunnel -> tunnel.key().equals(key)
                    ? new Tunnel(
                            key,
                            tunnel.owner(),
                            tunnel.ownedSinceMillis(),
                            tunnel.kind(),
                            tunnel.policy(),
                            tunnel.claims().stream()
                                    .filter(claim -> !claim.node().equals(node))
                                    .collect(Collectors.toSet()),
                            0)
                    : tunnel);
        }

        @Override
        public Set<String> members() {
            return Set.of("n1", "n2");
        }

        @Override
        public Future<Boolean> free(TunnelKey key) {
            tunnels.removeIf(
                    tunnel -> tunnel.key().equals(key) && tunnel.claims().isEmpty());
            return Future.succeededFuture(find(key) == null);
        }

        @Override
        public @Nullable Tunnel find(TunnelKey key) {
            return copyIsStale
                    ? null
                    : tunnels.stream()
                            .filter(tunnel -> tunnel.key().equals(key))
                            .findFirst()
                            .orElse(null);
        }

        @Override
        public Future<Optional<Tunnel>> confirm(TunnelKey key) {
            return isAway
                    ? Future.failedFuture("the owner is away")
                    : Future.succeededFuture(tunnels.stream()
                            .filter(tunnel -> tunnel.key().equals(key))
                            .findFirst());
        }

        @Override
        public Collection<Tunnel> tunnels() {
            return List.copyOf(tunnels);
        }

        @Override
        public int nodes() {
            return 1;
        }

        @Override
        public String nodeId() {
            return "n1";
        }

        @Override
        public Future<Grant> bind(Request request, Runnable granted) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<Void> release(TunnelKey key, Claim claim) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<Void> giveUp(TunnelKey key, Claim claim) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<Boolean> handOver(TunnelKey key, Claim claim) {
            return Future.succeededFuture(false);
        }

        @Override
        public void onLost(BiConsumer<TunnelKey, Claim> listener) {}

        @Override
        public void onClaims(ClaimListener listener) {
            // Nobody is told here.
        }

        @Override
        public Future<Void> close() {
            return Future.succeededFuture();
        }
    }
}

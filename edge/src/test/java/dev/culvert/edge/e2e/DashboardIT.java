package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import dev.culvert.testkit.ScriptedPeer;
import dev.culvert.wire.Bind;
import dev.culvert.wire.Frame;
import dev.culvert.wire.Hello;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the dashboard shows is what the API says, and soon. */
class DashboardIT {
    @RegisterExtension
    final Stage stage = new Stage();

    /** How far what the page shows may be behind. */
    private static final Duration BEHIND = Duration.ofSeconds(2);

    /** What the page shows of each tunnel, in the form of {@link #told}. */
    private static final String SHOWN = """
            () => Object.fromEntries([...document.querySelectorAll('[data-tunnel]')].map(row => {
              const cell = field => row.querySelector(`[data-field=${field}]`);
              return [row.dataset.tunnel, [row.dataset.state, cell('name').querySelector('a').href,
                cell('owner').textContent, cell('target').textContent, cell('holders').dataset.value,
                cell('visitors').dataset.value, cell('requests').dataset.value,
                cell('bytesIn').dataset.value, cell('bytesOut').dataset.value].join(' | ')];
            }))""";

    @Test
    void showsTunnelsThatComeServeAndGo() throws Exception {
        int target = PythonServer.target(stage).port();
        RunningEdge edge = stage.edge("--grace", "0s", "--node-id", "edge-one");
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, "http://127.0.0.1:%d/".formatted(edge.adminPort()));
        browser.await("document.getElementById('live').textContent === 'live'");
        browser.await("!document.getElementById('empty').hidden");
        browser.screenshot("dashboard-empty");

        // Comes
        RunningAgent agent = stage.agent(edge, target, "--name", "shop");
        agent.awaitOnline();
        shownWithin(browser, "row => row?.dataset.state === 'online'");
        assertSame(page, edge);
        JsonObject node = nodes(edge).getJsonObject(0);
        assertEquals("edge-one", node.getString("label"));
        assertEquals(
                "edge-one", page.textContent("[data-node='%s'] [data-field=label]".formatted(node.getString("id"))));

        // Serves
        for (int i = 0; i < 3; i++) {
            assertEquals("hello\n", edge.get("shop", "/hello").body());
        }
        shownWithin(browser, "row => row?.querySelector('[data-field=requests]').dataset.value === '3'");
        assertSame(page, edge);
        browser.screenshot("dashboard");
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
        page.setViewportSize(390, 1100);
        browser.screenshot("dashboard-phone");

        // Is taken away, and its agent is told
        assertEquals(204, delete(edge, "/api/v1/tunnels/shop"));
        shownWithin(browser, "row => row === null");
        assertEquals(
                "whoever runs the edge has taken the name away",
                agent.await("offline").getString("reason"));
        assertEquals(1, agent.program().exitCode());
        assertEquals(404, edge.get("shop", "/hello").status());

        // Can be had again, and goes with its agent
        RunningAgent again = stage.agent(edge, target, "--name", "shop");
        again.awaitOnline();
        shownWithin(browser, "row => row?.dataset.state === 'online'");
        again.program().interrupt();
        // How long the agent takes to end is not the page's.
        Awaitility.await().atMost(Stage.PATIENCE).until(() -> edge.tunnels().isEmpty());
        shownWithin(browser, "row => row === null");
        assertSame(page, edge);
    }

    @Test
    void threeEdgesTellTheSameAlsoWhenOneIsKilled() throws Exception {
        int target = PythonServer.target(stage).port();
        RunningCluster cluster = RunningCluster.start(stage, 3);
        List<RunningAgent> agents = new ArrayList<>();
        for (int place = 0; place < 3; place++) {
            agents.add(stage.agent(cluster.node(place), target, "--name", "at-" + place, "--lanes", "1"));
            agents.get(place).awaitOnline();
        }
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, "http://127.0.0.1:%d/".formatted(cluster.node(0).adminPort()));
        browser.await("document.querySelectorAll('[data-node]').length === 3");

        // Each tunnel through each node, its holder or not
        for (RunningEdge edge : cluster.nodes()) {
            for (int place = 0; place < 3; place++) {
                assertEquals("hello\n", edge.get("at-" + place, "/hello").body());
            }
        }
        assertSameSoon(page, cluster.nodes());
        for (int place = 0; place < 3; place++) {
            assertEquals(
                    "3", page.getAttribute("[data-tunnel=at-%d] [data-field=requests]".formatted(place), "data-value"));
        }

        // Taken away by a node that does not hold it
        assertEquals(204, delete(cluster.node(0), "/api/v1/tunnels/at-1"));
        assertEquals(
                "whoever runs the edge has taken the name away",
                agents.get(1).await("offline").getString("reason"));
        assertSameSoon(page, cluster.nodes());
        assertEquals(0, page.locator("[data-tunnel=at-1]").count());

        // A node is killed
        cluster.kill(2);
        cluster.awaitNodes();
        browser.await("document.querySelectorAll('[data-node]').length === 2");
        assertSameSoon(page, cluster.nodes());
        assertEquals("reserved", page.getAttribute("[data-tunnel=at-2]", "data-state"));
        assertEquals("online", page.getAttribute("[data-tunnel=at-0]", "data-state"));
        page.screenshot(new Page.ScreenshotOptions()
                .setPath(Checkout.output("screenshots").resolve("dashboard-cluster.png")));
    }

    @Test
    void markupOfOthersIsText() throws Exception {
        RunningEdge edge = stage.edge();
        String target = "<img/src=x/onerror=document.title='owned'>";
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        ScriptedPeer agent = stage.keep(ScriptedPeer.connect(edge.lanePort()));
        agent.send(new Frame.HelloFrame(new Hello(
                List.of(Hello.VERSION), "test", "evil-agent", List.of(), null, "s".repeat(22), 262_144, false)));
        agent.expect(Frame.WelcomeFrame.class);
        agent.send(new Frame.BindFrame(
                new Bind(1, "http", "evil", 0, null, false, "preserve", target, 0, Bind.Visitors.EVERYBODY, false)));
        agent.expect(Frame.BoundFrame.class);
        Browser.open(page, "http://127.0.0.1:%d/".formatted(edge.adminPort()));

        browser.await("document.querySelector('[data-tunnel=evil] [data-field=target]')?.textContent === \"%s\""
                .formatted(target));

        assertEquals(0, page.locator("#tunnels img, #tunnels script").count());
        assertEquals("Cluster · Culvert", page.title());
    }

    @Test
    void saysThatItReconnectsWhileTheNodeIsAwayAndGoesOnAfterwards() throws Exception {
        RunningEdge edge = stage.edge();
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, "http://127.0.0.1:%d/".formatted(edge.adminPort()));
        browser.await("document.getElementById('live').textContent === 'live'");
        String before = page.getAttribute("[data-node]", "data-node");

        edge.program().kill();
        browser.await("document.getElementById('live').textContent === 'reconnecting'");
        assertEquals("This edge does not answer.", page.textContent("#headline"));
        browser.screenshot("dashboard-without-edge");
        edge.again(stage);

        browser.await("document.getElementById('live').textContent === 'live'");
        browser.await("document.querySelector('[data-node]').dataset.node !== '%s'".formatted(before));
        assertEquals(1, page.locator("[data-node]").count());
    }

    @Test
    void asksForTheTokenOnceAndKeepsItInTheTab() throws Exception {
        String token = "a-token-that-is-long-enough";
        Path file = Files.writeString(stage.folder().resolve("admin-token"), token + "\n");
        RunningEdge edge = stage.edge("--admin-token-file", file.toString());
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, "http://127.0.0.1:%d/".formatted(edge.adminPort()));

        page.fill("#token", "not-the-token");
        page.click("#door button");
        browser.await("!document.getElementById('wrong').hidden");
        browser.screenshot("dashboard-token");
        page.fill("#token", token);
        page.click("#door button");
        browser.await("document.querySelectorAll('[data-node]').length === 1");
        page.reload();

        browser.await("document.getElementById('live').textContent === 'live'");
        assertTrue(page.locator("#door").isHidden());
    }

    /** Waits, no longer than the page may be behind, until the row of the tunnel {@code shop} is as it should be. */
    private static void shownWithin(Browser browser, String condition) {
        browser.await("(%s)(document.querySelector('[data-tunnel=shop]'))".formatted(condition), BEHIND);
    }

    private static void assertSame(Page page, RunningEdge edge) throws IOException {
        assertEquals(told(edge), shown(page));
    }

    private static String shown(Page page) {
        return new TreeMap<>((Map<?, ?>) page.evaluate(SHOWN)).toString();
    }

    /** Each node on this machine has a visitor port of its own, and tells URLs with that. */
    private static String withoutPorts(String tunnels) {
        return tunnels.replaceAll("localhost:\\d+", "localhost");
    }

    /** Waits, no longer than the page may be behind, until it shows what each of the nodes tells. */
    private static void assertSameSoon(Page page, List<RunningEdge> edges) {
        Awaitility.await().atMost(BEHIND).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> {
            for (RunningEdge edge : edges) {
                assertEquals(withoutPorts(told(edge)), withoutPorts(shown(page)));
                assertEquals(
                        nodes(edge).stream()
                                .map(node -> ((JsonObject) node).getString("id"))
                                .toList(),
                        page.evaluate("[...document.querySelectorAll('[data-node]')].map(card => card.dataset.node)"));
            }
        });
    }

    private static String told(RunningEdge edge) throws IOException {
        TreeMap<String, String> told = new TreeMap<>();
        for (Object each : edge.tunnels()) {
            JsonObject tunnel = (JsonObject) each;
            JsonArray holders = tunnel.getJsonArray("holders");
            String nodes = String.join(
                    " ",
                    holders.stream()
                            .map(holder -> ((JsonObject) holder).getString("node"))
                            .sorted()
                            .distinct()
                            .toList());
            told.put(
                    tunnel.getString("name"),
                    String.join(
                            " | ",
                            holders.isEmpty() ? "reserved" : "online",
                            tunnel.getString("url") + "/",
                            tunnel.getString("owner"),
                            tunnel.getString("target").replaceFirst("^http://", ""),
                            nodes,
                            tunnel.getLong("visitors").toString(),
                            tunnel.getLong("requests").toString(),
                            tunnel.getLong("bytesIn").toString(),
                            tunnel.getLong("bytesOut").toString()));
        }
        return told.toString();
    }

    private static int delete(RunningEdge edge, String path) throws IOException {
        try (Visitor visitor = Visitor.to(edge.adminPort())) {
            return visitor.send("DELETE %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(path))
                    .head()
                    .status();
        }
    }

    private static JsonArray nodes(RunningEdge edge) throws IOException {
        return new JsonArray(Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/api/v1/nodes")
                .body());
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Servers that people have on their laptops. */
class RealTargetsIT {
    @RegisterExtension
    final Stage stage = Stage.asUsersRunIt();

    @Test
    void pythonsServerAnswersUnderItsPublicName() throws Exception {
        Path files = stage.folder("files");
        Files.writeString(files.resolve("page.html"), "<h1>from a laptop</h1>");
        RunningEdge edge = stage.edge();
        String name =
                stage.agent(edge, PythonServer.serving(stage, files).port()).awaitName();

        assertEquals("<h1>from a laptop</h1>", edge.get(name, "/page.html").body());
        assertEquals(404, edge.get(name, "/nothing").status());
        assertTrue(edge.get(name, "/nothing").error().isEmpty(), "the target's own 404");
        assertTrue(edge.get(name, "/").body().contains("page.html"));
    }

    @Test
    void folderNeedsNoServer() throws Exception {
        Path site = stage.folder("my site");
        Files.writeString(Files.createDirectories(site.resolve("sub")).resolve("page.html"), "<h1>from a folder</h1>");
        Files.writeString(site.resolve(".env"), "SECRET=1");
        RunningEdge edge = stage.edge("--domain", "tunnel.test");
        RunningAgent agent = RunningAgent.start(stage, "home", Map.of(), edge, site.toString(), "--name", "docs");
        agent.awaitOnline();

        Page page = Browser.start(stage, "--host-resolver-rules=MAP *.tunnel.test 127.0.0.1")
                .page();
        Browser.open(page, "http://" + edge.host("docs") + "/");
        page.click("text=sub/");
        page.click("text=page.html");
        assertEquals("from a folder", page.textContent("h1"));
        assertEquals(404, edge.get("docs", "/.env").status());
    }

    @Test
    void gibibyteGoesDownAndUpUnchangedInBoundedMemory() throws Exception {
        Path files = stage.folder("files");
        Gibibyte.make(files.resolve("big"));
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, Nginx.serving(stage, files).port());
        String name = agent.awaitName();

        try (Visitor visitor = edge.visitor()) {
            Answer down = visitor.get(edge.host(name), "/big").head();
            assertEquals(200, down.status(), down::toString);
            assertEquals(
                    Long.toString(Gibibyte.BYTES), down.header("content-length").orElse("none"));
            Gibibyte.assertNextOf(visitor.in());

            visitor.send("PUT /copy HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
                    .formatted(edge.host(name), Gibibyte.BYTES));
            Files.copy(files.resolve("big"), visitor.socket().getOutputStream());
            Answer up = visitor.answer();
            assertEquals(201, up.status(), up::toString);
        }
        try (InputStream copy = Files.newInputStream(files.resolve("copy"))) {
            Gibibyte.assertNextOf(copy);
        }
        Memory.assertPeakUnder(edge.program(), Memory.promisedBytes(edge.program(), 1));
        Memory.assertPeakUnder(agent.program(), Memory.promisedBytes(agent.program(), 1));
    }

    @Test
    void viteReloadsAModuleThroughTheTunnel() throws Exception {
        RunningEdge edge = stage.edge("--domain", "tunnel.test");
        ViteServer vite = ViteServer.start(stage);
        String preserved = stage.agent(edge, vite.port(), "--name", "preserved").awaitName();
        stage.agent(edge, vite.port(), "--name", "app", "--host-header", "rewrite")
                .awaitOnline();

        // Vite refuses hosts that it does not know, and says so.
        Answer refused = edge.get(preserved, "/");
        assertEquals(403, refused.status(), refused::toString);
        assertTrue(refused.body().contains("allowedHosts"), refused::toString);
        assertTrue(refused.error().isEmpty(), "the target's own 403");

        Browser browser = Browser.start(stage, "--host-resolver-rules=MAP *.tunnel.test 127.0.0.1");
        Page page = browser.page();
        Browser.open(page, "http://" + edge.host("app") + "/");
        browser.await("document.getElementById('message').textContent === 'first'");
        // Vite's client connects its WebSocket after the page has loaded; what is edited earlier nobody hears of.
        browser.awaitConsole("[vite] connected.");
        page.evaluate("window.here = true");

        vite.edit("message.js", "export const message = 'second';\n");

        browser.await("document.getElementById('message').textContent === 'second'");
        assertEquals(true, page.evaluate("window.here === true"), "the page was loaded again");
        assertEquals(1, page.evaluate("window.swaps"));
        browser.screenshot("vite");
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a developer does with the inspector, in a browser. */
class InspectorIT {
    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void webhookIsSeenSentAgainAndSentAgainChanged() throws Exception {
        RecordingTarget target = stage.keep(RecordingTarget.start());
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, target.port(), "--name", "shop", "--inspect-port", "0");
        JsonObject inspector = agent.await("inspector");
        agent.awaitOnline();
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        page.navigate(inspector.getString("url"));
        browser.await("document.getElementById('live').textContent === 'live'");
        assertTrue(page.isVisible("#empty"));
        browser.screenshot("inspector-empty");

        Curl.run(
                stage,
                "-H",
                "Content-Type: application/json",
                "-d",
                "{\"order\":7,\"items\":[{\"name\":\"<b>Tea</b>\",\"pieces\":2}]}",
                "http://shop.localhost:%s/hook?from=curl"
                        .formatted(edge.host("shop").replaceFirst(".*:", "")));
        String first = target.awaitRequest();
        page.click("[data-request='1'] button");
        browser.await("document.querySelector('#request pre')?.textContent.includes('\"order\": 7')");
        assertEquals("200", page.textContent("#status"));
        assertEquals(0, page.locator("#request pre b").count(), "what was sent is text, never markup");
        browser.screenshot("inspector");

        page.click("#replay");
        assertEquals(first, target.awaitRequest());
        browser.await("document.getElementById('facts').textContent.includes('replay of #1')");

        page.click("#edit");
        page.fill("#edit-path", "/changed");
        page.fill("#edit-body", "{\"order\":8}");
        page.click("#editor .main");
        String changed = target.awaitRequest();
        assertTrue(changed.startsWith("POST /changed HTTP/1.1\r\n"), changed);
        assertTrue(changed.endsWith("\r\n\r\n{\"order\":8}"), changed);
        browser.await("document.getElementById('path').textContent === '/changed'");
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
        page.setViewportSize(390, 1100);
        browser.screenshot("inspector-phone");

        page.click("#clear");
        browser.await("!document.getElementById('empty').hidden");
        browser.await("document.getElementById('details').hidden");
    }

    @Test
    void webhookThatCameWhileTheServerWasDownIsSentOnceItIsUp() throws Exception {
        int port = Stage.freePort();
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, port, "--name", "shop", "--inspect-port", "0");
        String inspector = agent.await("inspector").getString("url");
        agent.awaitOnline();
        assertEquals(502, edge.get("shop", "/hook").status());
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        page.navigate(inspector + "/#1");
        browser.await("document.getElementById('reason').textContent.startsWith('Nothing answers on 127.0.0.1:%d')"
                .formatted(port));
        browser.screenshot("inspector-down");

        RecordingTarget target = stage.keep(RecordingTarget.start(port));
        page.click("#replay");

        assertTrue(target.awaitRequest().startsWith("GET /hook HTTP/1.1\r\n"));
        browser.await("document.getElementById('status').textContent === '200'");
    }
}

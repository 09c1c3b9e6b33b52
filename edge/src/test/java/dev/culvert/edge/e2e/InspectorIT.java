package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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
        Browser.open(page, inspector.getString("url"));
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

    /** What a visitor sends must not become more than a request when a developer pastes it. */
    @Test
    void copiedCommandSendsTheSameAndReadsNoFile() throws Exception {
        Path file = Files.writeString(stage.folder().resolve("secret"), "the developer's own");
        RecordingTarget target = stage.keep(RecordingTarget.start());
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, target.port(), "--name", "shop", "--inspect-port", "0");
        String inspector = agent.await("inspector").getString("url");
        agent.awaitOnline();
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, inspector);
        page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }");

        List<String> bodies =
                List.of("@" + file, "it's\t\\n 100 %!\r\n\u001b[201~\nä\u0085\n", "<{[a,b]}> $(id) `id` \"");
        for (String body : bodies) {
            String path = "/hook%d[1-2]".formatted(bodies.indexOf(body));
            Curl.run(
                    stage,
                    "--globoff",
                    "-H",
                    "X-At: @" + file,
                    "-H",
                    "X-Nothing;",
                    "--data-raw",
                    body,
                    "http://%s%s".formatted(edge.host("shop"), path));
            String sent = target.awaitRequest();
            page.click("#requests button:has-text('%s')".formatted(path));
            browser.await("document.getElementById('path').textContent === '%s'".formatted(path));
            page.click("#curl");
            browser.await("document.getElementById('said').textContent === 'copied'");
            String copied = (String) page.evaluate("copied");
            Program pasted = stage.program("bash", List.of(Program.installed("bash"), "-c", copied));

            assertEquals(0, pasted.exitCode(), copied);
            assertEquals(parts(sent), parts(target.awaitRequest()), copied);
            assertTrue(copied.chars().noneMatch(c -> c != '\n' && Character.isISOControl(c)), "no keys are pasted");
        }
        assertEquals(List.of(), target.takeRequests());
    }

    /** The lines of the head, in any order, and the body. */
    private static List<Object> parts(String request) {
        String[] parts = request.split("\r\n\r\n", 2);
        return List.of(Stream.of(parts[0].split("\r\n")).sorted().toList(), parts[1]);
    }

    @Test
    void messagesOfAWebSocketAreSeenAsTheyComeAndUnpacked() throws Exception {
        ChatTarget target = stage.keep(ChatTarget.start());
        RunningEdge edge = stage.edge();
        RunningAgent agent = stage.agent(edge, target.port(), "--name", "chat", "--inspect-port", "0");
        String inspector = agent.await("inspector").getString("url");
        agent.awaitOnline();
        Page visitor = Browser.start(stage).page();
        Browser.open(visitor, "http://" + edge.host("chat") + "/");
        visitor.evaluate("""
                () => new Promise(open => {
                  window.answers = [];
                  window.chat = new WebSocket(`ws://${location.host}/room`);
                  chat.binaryType = 'arraybuffer';
                  chat.onmessage = message => answers.push(message.data);
                  chat.onopen = open;
                })""");
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, inspector);
        page.click("#requests button:has-text('/room')");
        browser.await("document.getElementById('status').textContent === 'open'");
        assertTrue(page.textContent("#response").contains("permessage-deflate"), "the browser and the target compress");

        List<String> sent = List.of(
                "'{\"says\":\"<b>hello</b>\",\"of\":[1,2]}'",
                "JSON.stringify({says: 'tea '.repeat(5000)})",
                "Uint8Array.from({length: 300}, (_, i) => i % 256)");
        for (int i = 0; i < sent.size(); i++) {
            String answered = "answers.length === " + (i + 1);
            visitor.evaluate("chat.send(%s)".formatted(sent.get(i)));
            visitor.waitForCondition(() -> Boolean.TRUE.equals(visitor.evaluate(answered)));
        }
        browser.await("document.querySelectorAll('#messages-list li').length === 6");

        assertEquals("6, the latest first", page.textContent("#messages-about"));
        assertEquals(
                0, page.locator("#messages-list b b, pre b, summary b, .line b").count(), "text, never markup");
        page.click("[data-number='1'] summary");
        assertEquals(
                "{\n  \"says\": \"<b>hello</b>\",\n  \"of\": [\n    1,\n    2\n  ]\n}",
                page.textContent("[data-number='1'] pre"));
        assertEquals("20 KiB", page.textContent("[data-number='3'] .size"));
        page.click("[data-number='6'] summary");
        browser.screenshot("inspector-messages");
        visitor.evaluate("chat.close(3001, 'enough')");
        browser.await("document.getElementById('status').textContent === 'closed'");
        browser.await("[...document.querySelectorAll('.line')].some(line => line.textContent === 'close 3001 enough')");
        assertTrue(page.isVisible("[data-number='1'] pre"), "what was unfolded stays so");
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
        page.setViewportSize(390, 1100);
        browser.screenshot("inspector-messages-phone");
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
        Browser.open(page, inspector + "/#1");
        browser.await("document.getElementById('reason').textContent.startsWith('Nothing answers on 127.0.0.1:%d')"
                .formatted(port));
        browser.screenshot("inspector-down");

        RecordingTarget target = stage.keep(RecordingTarget.start(port));
        page.click("#replay");

        assertTrue(target.awaitRequest().startsWith("GET /hook HTTP/1.1\r\n"));
        browser.await("document.getElementById('status').textContent === '200'");
    }
}

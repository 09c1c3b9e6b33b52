package dev.culvert.edge.e2e;

import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.PlaywrightException;
import com.microsoft.playwright.TimeoutError;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The installed Chromium without a window, with one page. What the page writes to its console is kept. */
final class Browser implements AutoCloseable {
    /** Nothing here asks the world for anything, and the sandbox does not work for root. */
    private static final List<String> FLAGS = List.of(
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync");

    private static final int MOST_OPENED = 5;

    private final Playwright playwright;
    private final com.microsoft.playwright.Browser chromium;
    private final Page page;
    private final List<String> console = new ArrayList<>();

    private Browser(List<String> flags) {
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        chromium = playwright
                .chromium()
                .launch(new LaunchOptions()
                        .setExecutablePath(Path.of(Program.installed("chromium")))
                        .setArgs(flags));
        page = chromium.newPage(new com.microsoft.playwright.Browser.NewPageOptions().setViewportSize(1280, 1400));
        page.setDefaultTimeout(Stage.PATIENCE.toMillis());
        page.onConsoleMessage(message -> console.add(message.type() + ": " + message.text()));
        page.onPageError(fault -> console.add("error: " + fault));
    }

    /** Starts it, to be ended with the test. */
    static Browser start(Stage stage, String... moreFlags) {
        List<String> flags = new ArrayList<>(FLAGS);
        flags.addAll(List.of(moreFlags));
        return stage.keep(new Browser(flags));
    }

    Page page() {
        return page;
    }

    /**
     * Shows a page in a page. Once more where the browser gave up because the machine's network changed: other tests make
     * and remove network interfaces meanwhile.
     */
    static void open(Page page, String url) {
        for (int attempt = 1; ; attempt++) {
            try {
                page.navigate(url);
                return;
            } catch (PlaywrightException e) {
                boolean isAgain = String.valueOf(e.getMessage()).contains("ERR_NETWORK_CHANGED");
                if (!isAgain || attempt == MOST_OPENED) {
                    throw e;
                }
            }
        }
    }

    /** Waits until a script's value in the page is true. */
    void await(String script) {
        await(script, Stage.PATIENCE);
    }

    /**
     * The same, for not longer than this. Asks from outside: Playwright's own way to wait evaluates text in the page, which
     * the policy of ours forbids.
     */
    void await(String script, Duration limit) {
        try {
            page.waitForCondition(
                    () -> Boolean.TRUE.equals(page.evaluate(script)),
                    new Page.WaitForConditionOptions().setTimeout(limit.toMillis()));
        } catch (TimeoutError e) {
            throw new AssertionError(
                    "not within %s: %s\nconsole: %s\npage: %s"
                            .formatted(limit, script, String.join("\n", console), page.content()),
                    e);
        }
    }

    /** Waits until the page has written this to its console; earlier lines count. */
    void awaitConsole(String text) {
        page.waitForCondition(() -> console.stream().anyMatch(line -> line.contains(text)));
    }

    /** Keeps a picture of the page as build output. */
    Path screenshot(String name) throws IOException {
        Path picture = Checkout.output("screenshots").resolve(name + ".png");
        page.screenshot(new Page.ScreenshotOptions().setPath(picture).setFullPage(true));
        return picture;
    }

    @Override
    public void close() {
        playwright.close();
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What somebody sees who has just cloned the project: one command, and a site under a public name. */
class FreshCloneIT {
    /** A whole build, on a machine that may be busy, and that may have to fetch what it builds with. */
    private static final Duration BUILD = Duration.ofMinutes(5);

    /** See sched(7). */
    private static final int SCHED_OTHER = 0;

    private static final int SCHED_BATCH = 3;

    private static final String DEMO_URL = "http://([a-z0-9-]+)\\.localhost:(\\d+)";

    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void demoOfAFreshCloneShowsWhatATunnelCarries() throws Exception {
        Path clone = clone(stage.folder("clone"));
        Program demo = demo(clone, Map.of());
        // The line ends with the build.
        demo.err().await("building", BUILD);
        Matcher url = demo.out().await(DEMO_URL, BUILD);
        String host = url.group(1) + ".localhost:" + url.group(2);
        int port = Integer.parseInt(url.group(2));

        // What the build archives to start faster is of use, and says nothing.
        for (String program : List.of("agent", "edge")) {
            assertTrue(isUsed(clone, program), () -> "the archive of the " + program + demo.said());
        }
        assertTrue(demo.err().lines().stream().noneMatch(line -> line.contains("archive")), demo::said);
        assertEquals(SCHED_BATCH, schedulingPolicy(demo));

        assertCurlGetsThePage(host, port, demo);
        assertPageLives("http://" + host + "/");

        // Another one at the same time, which must not need Maven any more.
        Program second = demo(clone, Map.of("PATH", SparePath.of(stage, "java")));
        Matcher secondUrl = second.out().await(DEMO_URL);
        int secondPort = Integer.parseInt(secondUrl.group(2));
        assertNotEquals(port, secondPort);
        assertTrue(
                String.join("\n", second.out().lines()).matches("(?s).*\\b7080\\b.*taken.*|(?s).*taken.*\\b7080\\b.*"),
                second::said);
        assertEquals(
                200,
                Visitor.get(secondPort, secondUrl.group(1) + ".localhost:" + secondPort, "/")
                        .status());
        assertFalse(String.join("\n", second.err().lines()).contains("building"), second::said);
        // On its path there is no chrt either, of which nothing is said.
        assertEquals(SCHED_OTHER, schedulingPolicy(second));
        assertFalse(String.join("\n", second.err().lines()).contains("chrt"), second::said);

        assertEndsWithAllItStarted(second, secondPort);
        assertEquals(200, Visitor.get(port, host, "/").status());
        assertEndsWithAllItStarted(demo, port);
    }

    /** The policy that Linux schedules a process by (proc_pid_stat(5), the field 41; what stands in brackets is one). */
    private static int schedulingPolicy(Program program) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(program.pid()), "stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[41 - 3]);
    }

    /** Whether the JVM takes what it has archived of the program: asked to insist on it, it fails where it cannot. */
    private boolean isUsed(Path clone, String program) throws IOException {
        String home = System.getenv("JAVA_HOME"); // The same Java as the launcher's.
        Program java = stage.program(
                program,
                List.of(
                        home == null || home.isEmpty() ? Program.installed("java") : home + "/bin/java",
                        "-Xshare:on",
                        "-XX:SharedArchiveFile=" + clone.resolve("%1$s/target/culvert-%1$s.jsa".formatted(program)),
                        "-jar",
                        clone.resolve("%1$s/target/culvert-%1$s.jar".formatted(program))
                                .toString(),
                        "--version"));
        return java.exitCode() == 0 && java.err().awaitEnd().isEmpty();
    }

    private Program demo(Path clone, Map<String, String> environment) throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        all.put("CULVERT_HOME", stage.folder("home").toString());
        return stage.keep(Program.start(
                "culvert demo", clone, all, List.of(clone.resolve("culvert").toString(), "demo")));
    }

    /** The two lines that the demo prints for curl, as curl sees them. */
    private void assertCurlGetsThePage(String host, int port, Program demo) throws IOException {
        for (List<String> how : List.of(
                List.of("http://" + host + "/"),
                List.of("-H", "Host: " + host, "http://127.0.0.1:%d/".formatted(port)),
                List.of("-g", "-H", "Host: " + host, "http://[::1]:%d/".formatted(port)))) {
            List<String> command = new ArrayList<>(List.of(Program.installed("curl"), "-sS", "--fail"));
            command.addAll(how);
            Program curl = stage.program("curl", command);
            assertEquals(0, curl.exitCode(), () -> curl.said() + demo.said());
            String page = String.join("\n", curl.out().awaitEnd());
            assertTrue(page.contains("This page came through the tunnel."), page);
        }
        demo.out().await("curl -H '?\"?Host: ?" + host.replace(".", "\\."));
    }

    /** The page, its WebSocket, its event stream and its upload, in a browser. */
    private void assertPageLives(String url) throws IOException {
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, url);

        int echoes = counter(page, "ws-count");
        int events = counter(page, "sse-count");
        browser.await("Number(document.getElementById('ws-count').textContent) > %d + 2".formatted(echoes));
        browser.await("Number(document.getElementById('sse-count').textContent) > %d + 2".formatted(events));
        page.click("#up-go");
        browser.await("document.querySelector('#up .state').textContent === 'arrived unchanged'");
        String sent = page.textContent("#up-sent");
        assertTrue(sent.matches("[0-9a-f]{64}"), sent);
        assertEquals(sent, page.textContent("#up-got"));
        page.click("#down-go");
        browser.await("document.querySelector('#down .state').textContent === 'arrived unchanged'");
        browser.await("document.querySelector('#trip .state').textContent === 'answered'");
        assertTrue(Files.size(browser.screenshot("demo")) > 10_000);
    }

    private static int counter(Page page, String id) {
        return Integer.parseInt(page.textContent("#" + id));
    }

    /** Ctrl-C: the program ends by itself, nothing it started is left, and its port is free. */
    private static void assertEndsWithAllItStarted(Program demo, int port) throws IOException {
        List<ProcessHandle> started = demo.descendants();

        demo.interrupt();

        int exitCode = demo.exitCode();
        assertTrue(exitCode == 0 || exitCode == 130, () -> "exit code %d".formatted(exitCode) + demo.said());
        Awaitility.await().until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
        try (Visitor visitor = Visitor.to(port)) {
            throw new AssertionError("port %d still answers: %s".formatted(port, visitor.socket()));
        } catch (ConnectException gone) {
            assertFalse(demo.isAlive());
        }
    }

    /** What a clone of this checkout would have, with what is not committed yet. */
    private Path clone(Path into) throws IOException {
        Program list = stage.keep(Program.start(
                "git ls-files",
                Checkout.home(),
                Map.of(),
                List.of(Program.installed("git"), "ls-files", "-co", "--exclude-standard")));
        List<String> files = list.out().awaitEnd();
        assertEquals(0, list.exitCode(), list::said);
        assertTrue(files.contains("pom.xml"), list::said);
        for (String file : files) {
            Path from = Checkout.home().resolve(file);
            if (Files.exists(from)) {
                Path to = into.resolve(file);
                Files.createDirectories(to.getParent());
                Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        return into;
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tunnels that do not let in everybody, at the node of their agent and at one that relays: with curl, and in a browser. */
class AdmissionIT {
    /** Also an address of this machine: every 127.x.y.z is. */
    private static final String FRIEND = "127.0.0.9";

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningCluster cluster;
    private static int target;

    @BeforeAll
    static void start() throws Exception {
        Path site = stage.folder("site");
        Files.writeString(site.resolve("index.html"), "<title>secret</title><script src=page.js></script>");
        Files.writeString(site.resolve("page.js"), "document.title = 'secret and loaded'");
        target = Nginx.serving(stage, site).port();
        cluster = RunningCluster.start(stage, 2);
    }

    @Test
    void passwordIsAskedForAtEveryNodeAndInABrowser() throws Exception {
        Path passwords = Files.writeString(
                stage.folder("home").resolve("passwords"), "# Friends\nann:correct horse\nbob:battery: staple\n");
        String name = stage.agent(
                        cluster.node(0),
                        target,
                        "--lanes",
                        "1",
                        "--basic-auth-file",
                        passwords.toString(),
                        "--allow-from",
                        "127.0.0.0/8,::1",
                        "--rate",
                        "10000/s",
                        "--pool")
                .awaitName();

        for (RunningEdge node : cluster.nodes()) {
            assertStatus(401, node, name);
            assertStatus(401, node, name, "-u", "ann:wrong horse");
            assertStatus(200, node, name, "-u", "ann:correct horse");
            assertStatus(200, node, name, "-u", "bob:battery: staple", "--http2-prior-knowledge");
        }

        RunningEdge relaying = cluster.node(1);
        Browser browser = Browser.start(stage);
        Page page = browser.page();
        Browser.open(page, "http://ann:correct%%20horse@%s/".formatted(relaying.host(name)));
        page.waitForFunction("document.title === 'secret and loaded'");

        assertEquals(2, relaying.tunnel(name).getInteger("passwords"));
        Browser.open(page, "http://127.0.0.1:%d/".formatted(relaying.adminPort()));
        browser.await(
                "document.querySelector('[data-tunnel=%s] [data-field=name] small')?.textContent === 'password · 127.0.0.0/8 · ::1 · at most 10000/s'"
                        .formatted(name));
        browser.screenshot("dashboard-admission");
        Program open = stage.agent(relaying, target, "--name", name, "--pool").program();
        assertEquals(1, open.exitCode());
        assertTrue(String.join("", open.err().awaitEnd()).contains("lets in other visitors"));
        assertStatus(401, relaying, name);
    }

    @Test
    void fileOfPasswordsThatChangesIsInForceAtEveryNodeAndForAllWhoShareTheName() throws Exception {
        Path passwords = Files.writeString(stage.folder("home").resolve("changing"), "ann:correct horse\n");
        RunningAgent one = stage.agent(
                cluster.node(0), target, "--lanes", "1", "--basic-auth-file", passwords.toString(), "--pool");
        String name = one.awaitName();
        Path others = Files.copy(passwords, stage.folder("other").resolve("passwords"));
        RunningAgent other = stage.agent(
                cluster.node(1),
                target,
                "--lanes",
                "1",
                "--name",
                name,
                "--basic-auth-file",
                others.toString(),
                "--pool");
        other.awaitOnline();

        replace(passwords, "bob:battery staple\ncarl:staple battery");
        assertEquals(
                "%s has changed: visitors of %s need one of 2 passwords from now on".formatted(passwords, name),
                one.await("notice").getString("message"));

        for (RunningEdge node : cluster.nodes()) {
            assertStatus(401, node, name, "-u", "ann:correct horse");
            assertStatus(200, node, name, "-u", "bob:battery staple");
        }
        replace(others, Files.readString(passwords));
        other.await("notice");
        replace(passwords, "carl");
        assertEquals(
                "%s:1: must be a name and a password with a colon between them; visitors of %s are let in as before"
                        .formatted(passwords, name),
                one.await("notice").getString("message"));
        assertStatus(200, cluster.node(0), name, "-u", "bob:battery staple");
    }

    @Test
    void onlyWhoComesFromANetworkThatIsLetInIsServed() throws Exception {
        String name = stage.agent(cluster.node(0), target, "--lanes", "1", "--allow-from", FRIEND + "/32,2001:db8::/32")
                .awaitName();

        for (RunningEdge node : cluster.nodes()) {
            assertStatus(403, node, name);
            assertStatus(200, node, name, "--interface", FRIEND);
        }
    }

    @Test
    void connectionFromElsewhereIsClosed() throws Exception {
        int port = Stage.freePort();
        RunningEdge edge = stage.edge("--tcp-ports", port + "-" + port);
        RunningAgent.ofKind("tcp", stage, edge, target, "--allow-from", FRIEND).awaitOnline();
        String url = "http://127.0.0.1:%d/".formatted(port);

        assertEquals(52, Curl.run(stage, url).exitCode(), "closed without an answer");
        assertTrue(Curl.run(stage, "--interface", FRIEND, url).out().contains("secret"));
    }

    @Test
    void crowdGetsNoMoreThanTheTunnelTakesAndOtherTunnelsAreUntouched() throws Exception {
        RunningEdge relaying = cluster.node(1);
        String busy = stage.agent(cluster.node(0), target, "--lanes", "1", "--name", "busy", "--rate", "5/m")
                .awaitName();
        String other = stage.agent(cluster.node(0), target, "--lanes", "1", "--name", "calm")
                .awaitName();

        List<String> answers = answersOfThirty(relaying, busy);

        long served = answers.stream().filter("200  "::equals).count();
        long refused = answers.stream()
                .filter(answer -> answer.matches("429 tunnel_busy [1-9][0-9]*"))
                .count();
        assertTrue(served >= 5 && refused > 0 && served + refused == 30, answers::toString);
        assertEquals(Collections.nCopies(30, "200  "), answersOfThirty(relaying, other));
    }

    /** Status, code and when to come back, of requests that one curl sends one after the other. */
    private static List<String> answersOfThirty(RunningEdge node, String name) throws IOException {
        String url = "http://%s/?[1-30]".formatted(node.host(name));
        Curl all = Curl.run(
                stage, "-o", "/dev/null", "-w", "%{http_code} %header{culvert-error} %header{retry-after}\n", url);
        return all.out().lines().toList();
    }

    private static void assertStatus(int status, RunningEdge node, String name, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("-o", "/dev/null", "-w", "%{http_code}"));
        arguments.addAll(List.of(more));
        arguments.add("http://" + node.host(name) + "/");
        Curl answer = Curl.run(stage, arguments.toArray(String[]::new));
        assertEquals(String.valueOf(status), answer.out(), answer::toString);
    }

    /** As editors do: an agent never reads a part of it. */
    private static void replace(Path file, String text) throws IOException {
        Path next = Files.writeString(file.resolveSibling(file.getFileName() + ".next"), text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}

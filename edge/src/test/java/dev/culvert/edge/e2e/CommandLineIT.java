package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the programs say on the terminal, and how they end: mistakes get one sentence that says what to do. */
class CommandLineIT {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningEdge edge;
    private static int target;

    @BeforeAll
    static void edge() throws Exception {
        edge = stage.edge();
        target = PythonServer.target(stage).port();
    }

    @Test
    void startBesideAnotherSaysNothingOfIt() throws Exception {
        Path lock = Checkout.home().resolve("target/culvert-build.lock");
        Files.createDirectories(lock.getParent());
        Program other = stage.program(
                "another start",
                List.of(Program.installed("flock"), "--shared", lock.toString(), "sh", "-c", "echo looks; cat"));
        other.out().await("looks");

        Program help = stage.culvert("help");

        assertEquals(0, help.exitCode(), help::said);
        assertEquals(List.of(), help.err().awaitEnd());
    }

    @Test
    void noEdgeIsRunning() throws Exception {
        int nobody = Stage.freePort();

        assertSays(
                FAILED,
                ".*127\\.0\\.0\\.1:%d.*culvert edge.*".formatted(nobody),
                stage.culvert("http", "3000", "--edge", "127.0.0.1:" + nobody));
    }

    @Test
    void portIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String port = Integer.toString(taken.getLocalPort());
            for (String option : List.of("--http-port", "--lane-port", "--admin-port")) {
                List<String> arguments = new ArrayList<>(List.of("edge"));
                for (String other : List.of("--http-port", "--lane-port", "--admin-port")) {
                    arguments.addAll(List.of(other, other.equals(option) ? port : "0"));
                }
                Program edge = stage.culvert(arguments.toArray(String[]::new));

                assertSays(FAILED, ".*port %s .*taken.*%s.*".formatted(port, option), edge);
            }
        }
    }

    @Test
    void nameIsTaken() throws Exception {
        stage.agentOf("ann", edge, target, "--name", "taken").awaitOnline();

        assertSays(
                FAILED,
                ".*taken.*--name.*",
                stage.culvert("bob", Map.of(), "http", "" + target, "--edge", edge.address(), "--name", "taken"));
    }

    @Test
    void whatVisitorsAskForIsWrittenDown() throws Exception {
        Path log = stage.folder("logs").resolve("access.log");
        RunningEdge writing = stage.edge("--access-log", log.toString());
        RunningAgent agent = stage.agent(writing, target, "--name", "seen");
        agent.awaitOnline();

        assertEquals(200, writing.get("seen", "/hello?a=b").status());
        assertEquals(404, writing.get("nobody", "/").status());

        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> Files.readAllLines(log).size() == 2);
        List<JsonObject> lines =
                Files.readAllLines(log).stream().map(JsonObject::new).toList();
        assertEquals("/hello?a=b", lines.get(0).getString("target"));
        assertEquals(200, lines.get(0).getInteger("status"));
        assertEquals(6, lines.get(0).getInteger("bytesOut"));
        assertEquals("tunnel_not_found", lines.get(1).getString("error"));

        // As logrotate does
        Files.move(log, log.resolveSibling("access.log.1"));
        Awaitility.await().atMost(Stage.PATIENCE).until(() -> {
            writing.get("seen", "/hello");
            return Files.exists(log) && !Files.readAllLines(log).isEmpty();
        });
        writing.program().terminate();
        assertEquals(0, writing.program().exitCode());
    }

    @Test
    void wrongOption() throws Exception {
        assertSays(WRONG_USAGE, ".*--naem.*", stage.culvert("http", "3000", "--naem", "shop"));
        assertSays(WRONG_USAGE, ".*--htpp-port.*", stage.culvert("edge", "--htpp-port", "0"));
        assertSays(WRONG_USAGE, ".*", stage.culvert("http"));
        assertSays(WRONG_USAGE, ".*99999.*", stage.culvert("http", "99999"));
        assertSays(WRONG_USAGE, ".*http-port.*eighty.*", stage.culvert("edge", "--http-port", "eighty"));
        assertSays(WRONG_USAGE, ".*htpp.*", stage.culvert("htpp", "3000"));
    }

    @Test
    void helpIsThereForTheCommandsOfBothPrograms() throws Exception {
        for (String command : List.of("http", "edge", "demo", "token", "token create")) {
            Program help = stage.culvert(("help " + command).split(" "));

            assertEquals(0, help.exitCode(), help::said);
            assertTrue(help.out().awaitEnd().get(0).startsWith("Usage: culvert " + command), help::said);
        }
    }

    @Test
    void edgeBeyondLoopbackWantsToKnowWhoMayConnect() throws Exception {
        assertSays(WRONG_USAGE, ".*--tokens.*--allow-anonymous.*", stage.culvert("edge", "--bind", "0.0.0.0"));
        assertSays(WRONG_USAGE, ".*--insecure.*", stage.culvert("edge", "--bind", "0.0.0.0", "--allow-anonymous"));
    }

    @Test
    void brokenFile() throws Exception {
        Path broken = Files.writeString(stage.folder().resolve("broken.yaml"), "tunnels:\n  web: [3000\n");
        Path unknown = Files.writeString(
                stage.folder().resolve("unknown.yaml"), "tunnels:\n  web:\n    target: 3000\n    naem: shop\n");
        Path edge = Files.writeString(stage.folder().resolve("edge.yaml"), "http-port: [1\n");

        assertSays(WRONG_USAGE, ".*broken\\.yaml.*", stage.culvert("start", "--config", broken.toString()));
        assertSays(WRONG_USAGE, ".*unknown\\.yaml.*naem.*", stage.culvert("start", "--config", unknown.toString()));
        assertSays(WRONG_USAGE, ".*gone\\.yaml.*", stage.culvert("start", "--config", "gone.yaml"));
        assertSays(WRONG_USAGE, ".*edge\\.yaml.*", stage.culvert("edge", "--config", edge.toString()));
    }

    @Test
    void targetIsTheEdgeItself() throws Exception {

        for (int port : List.of(edge.httpPort(), edge.lanePort())) {
            assertSays(
                    FAILED,
                    ".*127\\.0\\.0\\.1:%d.*(itself|loop).*".formatted(port),
                    stage.culvert("http", "" + port, "--edge", edge.address()));
        }
    }

    @Test
    void eachLineOfJsonTellsWhatHappened() throws Exception {
        RunningEdge own = stage.edge();
        RunningAgent agent = stage.agent(own, target, "--name", "shop");

        JsonObject online = agent.awaitOnline();
        assertEquals("shop", online.getString("name"));
        assertEquals("http://" + own.host("shop"), online.getString("url"));
        assertEquals(200, own.get("shop", "/hello?a=b").status());
        JsonObject request = agent.await("request");
        assertEquals("GET", request.getString("method"));
        assertEquals("/hello?a=b", request.getString("path"));
        assertEquals(200, request.getInteger("status"));
        own.program().kill();
        agent.await("reconnecting");
        agent.program().interrupt();
        assertEquals(0, agent.program().exitCode());
        for (String line : agent.program().out().awaitEnd()) {
            assertFalse(new JsonObject(line).getString("event").isEmpty(), line);
        }
    }

    @Test
    void peopleAreToldThePublicNameAndEachRequest() throws Exception {
        Program agent = stage.culvert("http", "" + target, "--edge", edge.address(), "--name", "people");

        agent.out().await("http://people\\.localhost:" + edge.httpPort());
        edge.get("people", "/hello");
        agent.out().await("GET .*/hello.*200|200.*GET .*/hello");
        agent.interrupt();

        assertEquals(0, agent.exitCode());
        assertEquals(List.of(), agent.err().awaitEnd());
    }

    @Test
    void stateIsInTheHomeThatTheEnvironmentNames() throws Exception {
        Path home = stage.folder("elsewhere");
        Program agent = withoutCulvertHome(
                Map.of("HOME", home.toString()), "http", "" + target, "--edge", edge.address(), "--json");

        new RunningAgent(agent).awaitOnline();

        assertTrue(Files.exists(home.resolve(".config/culvert/secret")), agent::said);
    }

    @Test
    void userHasNoHome() throws Exception {
        Map<String, String> homeless = Map.of("HOME", "", "CULVERT_JAVA_OPTS", "-Duser.home=?");

        assertSays(WRONG_USAGE, ".*no home.*HOME.*CULVERT_HOME.*", withoutCulvertHome(homeless, "http", "3000"));
        assertSays(
                WRONG_USAGE,
                "--https-port.*HOME.*CULVERT_HOME.*--cert.*",
                withoutCulvertHome(homeless, "edge", "--https-port", "0"));
        Program edge =
                withoutCulvertHome(homeless, "edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0");
        RunningEdge.of(edge, "localhost");
        assertFalse(Files.exists(stage.folder().resolve("?")));
    }

    @Test
    void tokenThatNobodyHasSeenIsAFailure() throws Exception {
        Program create = stage.program(
                "culvert token",
                List.of(
                        Program.installed("bash"),
                        "-c",
                        "'%s' token create ann --file lost.txt > /dev/full".formatted(Checkout.launcher())));

        assertSays(FAILED, ".*standard output.*culvert token revoke [0-9a-f]{8} --file lost\\.txt.*", create);
    }

    @Test
    void thereIsNoTokensFile() throws Exception {
        String absent = stage.folder().resolve("absent.txt").toString();

        Program edge =
                stage.culvert("edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0", "--tokens", absent);

        assertSays(WRONG_USAGE, ".*tokens file .*absent\\.txt does not exist.*culvert token create.*", edge);
    }

    @Test
    void thereIsNoCertificate() throws Exception {
        String absent = stage.folder().resolve("absent.pem").toString();

        Program edge = stage.culvert(
                "edge",
                "--http-port",
                "0",
                "--lane-port",
                "0",
                "--admin-port",
                "0",
                "--https-port",
                "0",
                "--cert",
                absent,
                "--key",
                absent);

        assertSays(WRONG_USAGE, ".*there is no file .*absent\\.pem.*", edge);
    }

    @Test
    void statusListsTheTunnels() throws Exception {
        stage.agent(edge, target, "--name", "listed").awaitOnline();
        String admin = "http://127.0.0.1:" + edge.adminPort();

        Program text = stage.culvert("status", "--admin", admin);
        assertEquals(0, text.exitCode(), text::said);
        assertTrue(String.join("\n", text.out().awaitEnd()).contains("listed"), text::said);
        Program json = stage.culvert("status", "--admin", admin, "--json");
        assertEquals(0, json.exitCode(), json::said);
        assertTrue(String.join("\n", json.out().awaitEnd()).contains("http://" + edge.host("listed")), json::said);
        assertSays(
                FAILED,
                ".*127\\.0\\.0\\.1:\\d+.*",
                stage.culvert("status", "--admin", "http://127.0.0.1:" + Stage.freePort()));
    }

    @Test
    void tunnelsOfAFileAreOpened() throws Exception {
        Path file = Files.writeString(
                stage.folder().resolve("culvert.yaml"), """
                edge: %s
                tunnels:
                  web:
                    target: %d
                    name: shop
                  other:
                    target: 127.0.0.1:%d
                    name: blog
                """.formatted(edge.address(), target, target));
        Program agent = stage.culvert("start", "--config", file.toString(), "--json");

        agent.out().await("\"online\"");
        agent.out().await("\"online\"");

        assertEquals("hello\n", edge.get("shop", "/hello").body());
        assertEquals("hello\n", edge.get("blog", "/hello").body());
    }

    @Test
    void edgeEndsWhenItIsAskedTo() throws Exception {
        Program own = stage.edge().program();

        own.terminate();

        assertEquals(0, own.exitCode());
    }

    /** Without the launcher, as its own message for other systems says; on each Java that is here. */
    @Test
    void jarsRunByThemselves() throws Exception {
        List<Path> javas = Stream.of(System.getProperty("java.home"), "/usr/lib/jvm/temurin-25-jdk-amd64")
                .map(home -> Path.of(home, "bin/java"))
                .filter(Files::isExecutable)
                .toList();
        for (Path java : javas) {
            Program own = jar(
                    java,
                    "edge/target/culvert-edge.jar",
                    "edge",
                    "--http-port",
                    "0",
                    "--lane-port",
                    "0",
                    "--admin-port",
                    "0");
            RunningEdge running = RunningEdge.of(own, "localhost");
            Program agent = jar(
                    java,
                    "agent/target/culvert-agent.jar",
                    "http",
                    "" + target,
                    "--edge",
                    running.address(),
                    "--name",
                    "shop",
                    "--json");

            new RunningAgent(agent).awaitOnline();

            assertEquals("hello\n", running.get("shop", "/hello").body());
            agent.interrupt();
            own.interrupt();
            assertEquals(0, agent.exitCode());
            assertEquals(0, own.exitCode());
            // Only Java 24 and later warn of anything, and the jar's manifest can keep all but one warning away.
            for (Program program : List.of(agent, own)) {
                assertTrue(program.err().awaitEnd().stream().noneMatch(line -> line.contains("native")), program::said);
            }
        }
    }

    private Program withoutCulvertHome(Map<String, String> environment, String... arguments) throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("XDG_CONFIG_HOME", "");
        List<String> command = new ArrayList<>(List.of(Checkout.launcher().toString()));
        command.addAll(List.of(arguments));
        return stage.keep(Program.start("culvert " + arguments[0], stage.folder(), all, command));
    }

    private Program jar(Path java, String jar, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(java.toString(), "-jar", Checkout.home().resolve(jar).toString()));
        command.addAll(List.of(arguments));
        return stage.keep(Program.start(
                jar, stage.folder(), Map.of("CULVERT_HOME", stage.folder("home").toString()), command));
    }

    /** That it ends with exactly one line on standard error, and nothing on the other. */
    private static void assertSays(int exitCode, String sentence, Program program) {
        assertEquals(exitCode, program.exitCode(), program::said);
        List<String> said = program.err().awaitEnd();
        assertEquals(1, said.size(), program::said);
        assertTrue(said.get(0).matches("culvert: " + sentence), program::said);
        assertEquals(List.of(), program.out().awaitEnd(), program::said);
    }
}

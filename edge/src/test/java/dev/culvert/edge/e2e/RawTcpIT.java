package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers that speak no HTTP, with their own clients, through {@code culvert tcp}: at the node of the agent, and at the
 * other one, which relays.
 */
class RawTcpIT {
    /** Longer than any window, so that it cannot all be on its way at once. */
    private static final byte[] WHOLE_ANSWER = new byte[(int) (12 * Memory.MIB)];

    /** What a target says of a GiB that came as it should. */
    private static final String UNCHANGED = "unchanged";

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RawPair pair;
    private static RunningAgent agent;
    private static Path key;
    private static Path big;
    private static int redis;
    private static int postgres;
    private static int ssh;
    private static int telling;
    private static int answering;
    private static int exchanging;
    private static int nothing;

    @BeforeAll
    static void start() throws Exception {
        new SplittableRandom(1).nextBytes(WHOLE_ANSWER);
        big = stage.folder("files").resolve("big");
        Gibibyte.make(big);
        key = stage.folder("keys").resolve("key");
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        DaemonUser daemon = DaemonUser.on(stage);
        pair = RawPair.start(stage);
        redis = pair.ports();
        postgres = pair.ports() + 1;
        ssh = pair.ports() + 2;
        telling = pair.ports() + 3;
        answering = pair.ports() + 4;
        exchanging = pair.ports() + 5;
        nothing = pair.ports() + 6;
        Path config = Files.writeString(stage.folder("home").resolve("culvert.yaml"), """
                edge: %s
                lanes: 1
                json: true
                tunnels:
                  redis: {kind: tcp, target: %d, remote-port: %d}
                  postgres: {kind: tcp, target: %d, remote-port: %d}
                  ssh: {kind: tcp, target: %d, remote-port: %d}
                  telling: {kind: tcp, target: %d, remote-port: %d, proxy-protocol: v2}
                  answering: {kind: tcp, target: %d, remote-port: %d}
                  exchanging: {kind: tcp, target: %d, remote-port: %d}
                  nothing: {kind: tcp, target: %d, remote-port: %d}
                """.formatted(
                pair.near().address(),
                RawServers.redis(stage),
                redis,
                RawServers.postgres(daemon),
                postgres,
                RawServers.sshd(daemon, Path.of(key + ".pub")),
                ssh,
                Nginx.tellingVisitors(stage).port(),
                telling,
                TalkingTarget.start(stage, RawTcpIT::answerOnceAllIsRead).port(),
                answering,
                TalkingTarget.start(stage, RawTcpIT::exchangeGibibytes).port(),
                exchanging,
                Stage.freePort(),
                nothing));
        agent = new RunningAgent(stage.culvert("home", Map.of(), "start", "--config", config.toString()));
        for (int i = 0; i < 7; i++) {
            assertTrue(agent.awaitOnline().getString("url").startsWith("tcp://localhost:"));
        }
        assertEquals(List.of(pair.near().nodeId()), pair.far().nodesOf("tcp:" + redis), "the far node has to relay");
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void redisAnswersItsOwnClient(String host) throws Exception {
        String[] client = {"redis-cli", "-h", host, "-p", "" + redis};

        assertEquals(List.of("OK"), run(with(client, "set", "greeting", "hello from " + host)));
        assertEquals(List.of("hello from " + host), run(with(client, "get", "greeting")));
        // Twenty visitors at once, each of which pipelines.
        List<String> rates = run(
                "redis-benchmark",
                "-h",
                host,
                "-p",
                "" + redis,
                "-q",
                "-n",
                "5000",
                "-c",
                "20",
                "-P",
                "8",
                "-t",
                "get");
        assertTrue(String.join("\n", rates).contains("requests per second"), rates::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void postgresAnswersItsOwnClient(String host) throws Exception {
        String table = "t" + host.replace('.', '_');
        List<String> answers = run(
                "psql",
                "--host=" + host,
                "--port=" + postgres,
                "--username=postgres",
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--quiet",
                "--command=create table %s as select i, md5(i::text) as hash from generate_series(1, 100000) i"
                        .formatted(table),
                "--command=select sum(i), count(distinct hash) from " + table,
                "--command=select hash from " + table);

        assertEquals("5000050000|100000", answers.get(0));
        assertEquals(100_001, answers.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void opensshRunsCommandsAndCopiesFiles(String host) throws Exception {
        byte[] bytes = Arrays.copyOf(WHOLE_ANSWER, (int) (4 * Memory.MIB) + 1);
        Path file = Files.write(stage.folder("files").resolve("file-" + host), bytes);
        String there = "/tmp/culvert-" + ProcessHandle.current().pid() + "-" + host;
        String[] options = {
            "-i",
            key.toString(),
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "LogLevel=ERROR",
            "-F",
            "none"
        };
        String[] shell = with(with(new String[] {"ssh", "-p", "" + ssh}, options), DaemonUser.NAME + "@" + host);

        assertEquals(List.of("3"), run(with(shell, "echo $((1 + 2))")));
        run(with(
                with(new String[] {"scp", "-q", "-P", "" + ssh}, options),
                file.toString(),
                "%s@%s:%s".formatted(DaemonUser.NAME, host, there)));
        Path back = Path.of(file + "-back");
        run(with(
                with(new String[] {"sftp", "-q", "-P", "" + ssh}, options),
                "%s@%s:%s".formatted(DaemonUser.NAME, host, there),
                back.toString()));
        assertArrayEquals(bytes, Files.readAllBytes(back));
        run(with(shell, "rm " + there));
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void targetIsToldTheVisitorByThePROXYProtocol(String host) throws Exception {
        try (Socket visitor = connect(host, telling)) {
            visitor.getOutputStream().write("GET / HTTP/1.0\r\nHost: any\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

            String wanted = "%s:%d to %d"
                    .formatted(visitor.getLocalAddress().getHostAddress(), visitor.getLocalPort(), telling);
            assertTrue(answer.endsWith("\r\n\r\n" + wanted), answer);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void clientThatShutsItsWritingSideGetsTheWholeAnswer(String host) throws Exception {
        try (Socket visitor = connect(host, answering)) {
            visitor.getOutputStream().write(new byte[1000]);
            visitor.shutdownOutput();

            assertArrayEquals(WHOLE_ANSWER, visitor.getInputStream().readAllBytes());
        }
        JsonObject told = awaitEvent("connection", answering);
        assertEquals(1000, told.getLong("bytesIn"));
        assertEquals(WHOLE_ANSWER.length, told.getLong("bytesOut"));
        assertTrue(told.getString("visitor").startsWith("127.0.0.1:"), told::encode);
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void gibibyteGoesEachWayAtOnceUnchanged(String host) throws Exception {
        try (Socket visitor = connect(host, exchanging)) {
            FutureTask<Void> sending = new FutureTask<>(() -> {
                Files.copy(big, visitor.getOutputStream());
                return null;
            });
            new Thread(sending, "sending").start();

            Gibibyte.assertNextOf(visitor.getInputStream());
            sending.get(5, TimeUnit.MINUTES);
            byte[] atTarget = visitor.getInputStream().readAllBytes();
            assertEquals(UNCHANGED, new String(atTarget, StandardCharsets.US_ASCII));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RawPair.NEAR, RawPair.FAR})
    void visitorWhomNothingCanServeIsClosedCleanly(String host) throws Exception {
        RunningEdge edge = host.equals(RawPair.NEAR) ? pair.near() : pair.far();
        try (Socket ofNobody = connect(host, pair.ports() + 9);
                Socket ofADeadTarget = connect(host, nothing)) {
            ofADeadTarget.getOutputStream().write(new byte[100]);

            assertEquals(-1, ofNobody.getInputStream().read());
            assertEquals(-1, ofADeadTarget.getInputStream().read());
        }
        assertTrue(awaitEvent("target-refused", nothing).getString("reason").contains("connection refused"));
        String metrics = Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/metrics")
                .body();
        assertTrue(metrics.contains("culvert_visitors_turned_away_total{reason=\"target_refused\"} 1"), metrics);
        assertTrue(metrics.contains("culvert_visitors_turned_away_total{reason=\"not_held\"} 1"), metrics);
    }

    @Test
    void portIsItsOwnersAndStaysSoWhenTheAgentStartsAgain() throws Exception {
        String[] arguments = {"tcp", "1", "--edge", pair.near().address(), "--lanes", "1", "--json"};
        RunningAgent first = new RunningAgent(stage.culvert("owner", Map.of(), arguments));
        String port = first.awaitName();
        assertTrue(Integer.parseInt(port) >= pair.ports() + 7, port);
        first.program().terminate();
        first.program().exitCode();

        Program other = stage.culvert("other", Map.of(), with(arguments, "--remote-port", port));
        assertEquals(1, other.exitCode());
        assertTrue(
                other.err().awaitEnd().get(0).contains("port %s belongs to somebody else".formatted(port)),
                other::said);
        assertEquals(port, new RunningAgent(stage.culvert("owner", Map.of(), arguments)).awaitName());
    }

    @Test
    void edgeThatCannotHaveItsPortsSaysSoInOneSentence() throws Exception {
        Program second = stage.culvert(
                "edge",
                Map.of(),
                with(
                        new String[] {"edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"},
                        RawPair.option(pair.ports()).toArray(String[]::new)));

        assertEquals(1, second.exitCode());
        List<String> said = second.err().awaitEnd();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).contains("--tcp-ports") && said.get(0).contains("" + pair.ports()), said::toString);
    }

    private static void answerOnceAllIsRead(InputStream in, OutputStream out, Socket socket) throws IOException {
        in.transferTo(OutputStream.nullOutputStream());
        out.write(WHOLE_ANSWER);
    }

    private static void exchangeGibibytes(InputStream in, OutputStream out, Socket socket) throws Exception {
        FutureTask<Void> sending = new FutureTask<>(() -> {
            Files.copy(big, out);
            return null;
        });
        new Thread(sending, "answering").start();
        Gibibyte.assertNextOf(in);
        sending.get(5, TimeUnit.MINUTES);
        out.write(UNCHANGED.getBytes(StandardCharsets.US_ASCII));
    }

    private static Socket connect(String host, int port) throws IOException {
        Socket socket = new Socket(host, port);
        socket.setSoTimeout((int) Stage.PATIENCE.toMillis());
        return socket;
    }

    /** The next that the agent tells of the tunnel at a port. */
    private static JsonObject awaitEvent(String event, int port) {
        String line = agent.program()
                .out()
                .await(
                        event + " of " + port,
                        text -> {
                            JsonObject told = new JsonObject(text);
                            return event.equals(told.getString("event")) && ("" + port).equals(told.getString("name"));
                        },
                        Stage.PATIENCE);
        return new JsonObject(line);
    }

    /** What a client says that succeeds. */
    private static List<String> run(String... command) throws IOException {
        command[0] = Program.installed(command[0]);
        Program client = stage.program(command[0], List.of(command));
        assertEquals(0, client.exitCode(), client::said);
        return client.out().awaitEnd();
    }

    private static String[] with(String[] command, String... more) {
        String[] longer = Arrays.copyOf(command, command.length + more.length);
        System.arraycopy(more, 0, longer, command.length, more.length);
        return longer;
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Agents whose network lets no plain TCP out: lanes through balancers that end TLS, and through a proxy. */
class LaneTransportsIT {
    private static final List<String> NAMES = List.of("web", "secure", "proxied", "tls");

    /**
     * Two nodes behind web traffic with TLS and without, and behind TLS alone. The agent that comes by the proxy names
     * no host that is this machine's (those are reached without), and so no host of the edge: the balancer does.
     */
    private static final String HAPROXY = """
            global
                maxconn 200
            defaults
                log global
                retries 3
                option redispatch
                timeout connect 5s
                timeout client 60s
                timeout server 60s
                timeout tunnel 600s
            frontend web
                mode http
                bind 127.0.0.1:%d
                default_backend visitors
            frontend secure
                mode http
                bind 127.0.0.1:%d ssl crt %s
                http-request set-header X-Forwarded-Proto https
                http-request set-header Host localhost
                default_backend visitors
            backend visitors
                mode http
                balance roundrobin
                server node-0 127.0.0.1:%d
                server node-1 127.0.0.1:%d
            listen lanes
                mode tcp
                bind 127.0.0.1:%d ssl crt %s
                balance roundrobin
                server node-0 127.0.0.1:%d
                server node-1 127.0.0.1:%d
            """;

    private static final String TINYPROXY = """
            Port %d
            Listen 127.0.0.1
            Timeout 600
            MaxClients 20
            BasicAuth me s3cret
            """;

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningCluster cluster;
    private static CountingTarget target;
    private static Path authority;
    private static String pin;
    private static int web;
    private static int secure;
    private static int proxy;
    private static Program tinyproxy;

    @BeforeAll
    static void start() throws Exception {
        certify();
        cluster = RunningCluster.start(
                stage, 2, "--trusted-proxies", "127.0.0.1", "--allow-anonymous", "--drain-notice", "0");
        target = stage.keep(CountingTarget.start());
        web = Stage.freePort();
        secure = Stage.freePort();
        int tls = Stage.freePort();
        balance(tls);
        proxy = Stage.freePort();
        Path config = Files.writeString(stage.folder().resolve("tinyproxy.conf"), TINYPROXY.formatted(proxy));
        tinyproxy = stage.program("tinyproxy", List.of(Program.installed("tinyproxy"), "-d", "-c", config.toString()));
        Awaitility.await().atMost(Stage.PATIENCE).ignoreExceptions().until(LaneTransportsIT::proxyAnswers);

        List<RunningAgent> agents = List.of(
                agent("web", Map.of(), "http://127.0.0.1:" + web),
                agent("secure", Map.of(), "https://localhost:" + secure, "--ca", authority.toString()),
                agent("proxied", throughProxy("s3cret"), "https://0.0.0.0:" + secure, "--edge-key", pin),
                agent("tls", Map.of(), "tls://localhost:" + tls, "--ca", authority.toString()));
        agents.forEach(RunningAgent::awaitOnline);
    }

    private static void certify() throws Exception {
        TestAuthority signer = new TestAuthority();
        Path folder = stage.folder();
        authority = signer.writeOwn(folder);
        TestAuthority.Issued issued = signer.issue("localhost", "*.localhost");
        signer.write(folder, "edge", issued);
        Files.writeString(
                folder.resolve("both.pem"),
                Files.readString(folder.resolve("edge.crt")) + Files.readString(folder.resolve("edge.key")));
        byte[] hash = MessageDigest.getInstance("SHA-256")
                .digest(issued.certificate().getPublicKey().getEncoded());
        pin = "sha256:" + Base64.getEncoder().encodeToString(hash);
    }

    private static void balance(int tls) throws IOException {
        List<RunningCluster.Place> places = cluster.places();
        Path both = stage.folder().resolve("both.pem");
        String config = HAPROXY.formatted(
                web,
                secure,
                both,
                places.get(0).http(),
                places.get(1).http(),
                tls,
                both,
                places.get(0).lane(),
                places.get(1).lane());
        Path file = Files.writeString(stage.folder().resolve("haproxy.cfg"), config);
        stage.program("haproxy", List.of(Program.installed("haproxy"), "-W", "-db", "-f", file.toString()))
                .err()
                .await("Loading success");
    }

    @Test
    void visitorsOfBothNodesReachEveryAgent() throws Exception {
        for (RunningEdge node : cluster.nodes()) {
            for (String name : NAMES) {
                assertAnswers(node, name);
            }
        }
        assertTrue(
                tinyproxy.out().lines().stream().anyMatch(line -> line.contains("CONNECT 0.0.0.0:" + secure)),
                tinyproxy::said);
    }

    @Test
    void lanesMoveOnWhenNodesAreStartedAgain() throws Exception {
        for (int place = 0; place < 2; place++) {
            assertEquals(0, cluster.stop(place));
            RunningEdge left = cluster.node(1 - place);
            for (String name : NAMES) {
                Awaitility.await(name).atMost(Stage.PATIENCE).untilAsserted(() -> assertAnswers(left, name));
            }
            cluster.start(place);
        }
    }

    @Test
    void edgeThatDoesNotProveWhoItIsIsRefusedInWords() throws Exception {
        assertEnds(
                Map.of(),
                "https://localhost:" + secure,
                "the edge at https://localhost:%d is not trusted: its certificate is not signed by an authority that this machine trusts: "
                        .formatted(secure));
        assertEnds(
                Map.of(),
                "https://127.0.0.1:" + secure,
                "the edge at https://127.0.0.1:%d is not trusted: its certificate is for localhost, *.localhost, not for 127.0.0.1: "
                        .formatted(secure),
                "--ca",
                authority.toString());
    }

    @Test
    void proxyThatWantsAnotherPasswordIsToldInWords() throws Exception {
        assertEnds(
                throughProxy("wrong"),
                "https://0.0.0.0:" + secure,
                "the proxy at 127.0.0.1:%d wants another user or password: ".formatted(proxy));
    }

    @Test
    void loginAtAnEdgeWithItsOwnCertificateIsEnoughForTheNextCommand() throws Exception {
        Path tokens = stage.folder().resolve("tokens.txt");
        Program created = stage.culvert("token", "create", "ann", "--file", tokens.toString());
        assertEquals(0, created.exitCode(), created::said);
        String token = created.out().awaitEnd().get(0);
        Path folder = stage.folder();
        RunningEdge edge = stage.edge(
                "--tokens",
                tokens.toString(),
                "--https-port",
                "0",
                "--cert",
                folder.resolve("edge.crt").toString(),
                "--key",
                folder.resolve("edge.key").toString());
        String https = "https://localhost:" + edge.httpPort(); // What it shows to visitors first.

        Program login =
                stage.culvert("ann", Map.of("CULVERT_TOKEN", token), "login", https, "--ca", authority.toString());
        assertEquals(0, login.exitCode(), login::said);
        Path kept = stage.folder("ann").resolve("config.yaml");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)));

        RunningAgent next = new RunningAgent(
                stage.culvert("ann", Map.of(), "http", "" + target.port(), "--name", "kept", "--json"));
        next.awaitOnline();
        RunningAgent direct = agent(
                "direct", Map.of("CULVERT_TOKEN", token), https.replace("https", "tls"), "--ca", authority.toString());
        direct.awaitOnline();
        int plain = plainPort(edge.program());
        for (String name : List.of("kept", "direct")) {
            String host = name + ".localhost:" + plain;
            assertEquals(
                    CountingTarget.answerTo(host, 0),
                    Visitor.get(plain, host, "/r/0").body());
        }
    }

    private static int plainPort(Program edge) {
        return edge.out().lines().stream()
                .map(Pattern.compile("port (\\d+) without TLS")::matcher)
                .filter(Matcher::find)
                .map(found -> Integer.parseInt(found.group(1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(edge.said()));
    }

    private static RunningAgent agent(String name, Map<String, String> environment, String edge, String... more)
            throws IOException {
        String[] arguments = new String[more.length + 2];
        arguments[0] = "--name";
        arguments[1] = name;
        System.arraycopy(more, 0, arguments, 2, more.length);
        return RunningAgent.start(stage, "home-" + name, environment, edge, "" + target.port(), arguments);
    }

    private static Map<String, String> throughProxy(String password) {
        return Map.of(
                "https_proxy", "http://me:%s@127.0.0.1:%d".formatted(password, proxy), "no_proxy", "none.example");
    }

    private static boolean proxyAnswers() throws IOException {
        try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), proxy)) {
            return socket.isConnected();
        }
    }

    private static void assertAnswers(RunningEdge node, String name) throws IOException {
        Answer answer = node.get(name, "/r/0");
        assertEquals(CountingTarget.answerTo(node.host(name), 0), answer.body(), answer::toString);
    }

    private static void assertEnds(Map<String, String> environment, String edge, String sentence, String... more)
            throws IOException {
        Program program = agent("refused", environment, edge, more).program();
        assertEquals(1, program.exitCode(), program::said);
        String said = String.join("\n", program.err().awaitEnd());
        assertTrue(said.contains("culvert: " + sentence), said);
    }
}

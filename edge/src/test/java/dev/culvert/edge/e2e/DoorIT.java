package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What an edge finds out before it serves anybody, at the node of the agents and at one that relays: where TLS ends, beside
 * servers with a certificate of their own; who is a proxy and who pretends to be one; who speaks the wrong protocol, and
 * who says nothing at all.
 */
class DoorIT {
    /** HAProxy listens here, and so is a proxy of the operator's; everybody else is 127.0.0.1. */
    private static final String PROXY = "127.0.0.7";

    private static final String VISITOR = "127.0.0.9";

    private static final int SILENT = 1_000;
    private static final int ROUNDS = 3;
    private static final int REQUESTS = 1_000;

    /** The noise of a machine with two cores can double a percentile by itself; it does not do so each time. */
    private static final int TRIES = 3;

    /** From the issue: the p99 of other visitors at most doubles. */
    private static final double MOST_TIMES = 2;

    private static final String SECURE = "secure." + TlsCluster.DOMAIN;
    private static final String TELLING = "telling." + TlsCluster.DOMAIN;

    @RegisterExtension
    static final Stage stage = Stage.asUsersRunIt();

    private static TlsCluster tls;
    private static String site;
    private static String seen;

    /** Of the server behind {@link #SECURE}; no edge has it. */
    private static Issued own;

    private static Path ownAuthority;

    @BeforeAll
    static void tunnels() throws Exception {
        tls = TlsCluster.start(stage, "--trusted-proxies", PROXY, "--allow-anonymous");
        RunningEdge near = tls.cluster().node(0);
        Path files = stage.folder("files");
        Files.writeString(files.resolve("hello"), "hello\n");
        repository(files);
        Path keys = stage.folder("keys");
        TestAuthority other = new TestAuthority();
        ownAuthority = other.writeOwn(keys);
        own = other.issue(SECURE, TELLING);
        other.write(keys, "nginx", own);
        Path name = keys.resolve("nginx");
        int secure = Nginx.servingByTls(stage, files, name).port();
        int telling = Nginx.tellingVisitorsByTls(stage, files, name).port();
        RunningAgent.ofKind("tls", stage, near, secure, "--name", "secure", "--lanes", "1")
                .awaitOnline();
        RunningAgent.ofKind("tls", stage, near, telling, "--name", "telling", "--lanes", "1", "--proxy-protocol", "v2")
                .awaitOnline();
        site = stage.agent(near, Nginx.serving(stage, files).port(), "--lanes", "1")
                .awaitName();
        seen = stage.agent(near, PythonServer.target(stage).port(), "--lanes", "1")
                .awaitName();
    }

    private static void repository(Path files) throws Exception {
        Path work = stage.folder("work");
        Files.writeString(work.resolve("README"), "cloned through a tunnel\n");
        git("init", "-q", work.toString());
        git("-C", work.toString(), "add", "README");
        git(
                "-C",
                work.toString(),
                "-c",
                "user.name=ann",
                "-c",
                "user.email=ann@example.com",
                "commit",
                "-q",
                "-m",
                "first");
        git("clone", "-q", "--bare", work.toString(), files.resolve("repo.git").toString());
        git("-C", files.resolve("repo.git").toString(), "update-server-info");
    }

    private static Program git(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("/usr/bin/env", "GIT_SSL_CAINFO=" + ownAuthority, Program.installed("git")));
        command.addAll(List.of(arguments));
        Program program = stage.program("git", command);
        assertEquals(0, program.exitCode(), program::said);
        return program;
    }

    /** Of both nodes, and of both kinds. */
    private static List<Integer> ports() {
        List<Integer> ports = new ArrayList<>();
        for (RunningEdge node : tls.cluster().nodes()) {
            ports.add(TlsCluster.https(node));
            ports.add(TlsCluster.port(node, "tls"));
        }
        return ports;
    }

    @Test
    void clientsSeeTheServersOwnCertificate() throws Exception {
        String fingerprint = HexFormat.ofDelimiter(":")
                .withUpperCase()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(own.certificate().getEncoded()));
        for (int port : ports()) {
            Curl hello =
                    Curl.run(stage, "--cacert", ownAuthority.toString(), "https://%s:%d/hello".formatted(SECURE, port));

            assertEquals("hello", hello.out(), hello::toString);
            assertEquals(fingerprint, fingerprintAt(port));
        }
    }

    private static String fingerprintAt(int port) throws Exception {
        Process shown = new ProcessBuilder(
                        "sh",
                        "-c",
                        "openssl s_client -connect 127.0.0.1:%d -servername %s </dev/null 2>/dev/null"
                                        .formatted(port, SECURE)
                                + " | openssl x509 -noout -fingerprint -sha256")
                .start();
        return new String(shown.getInputStream().readAllBytes()).strip().replaceFirst(".*=", "");
    }

    @Test
    void besideItTlsEndsAtTheEdge() throws Exception {
        for (RunningEdge node : tls.cluster().nodes()) {
            Curl hello = tls.curl(stage, TlsCluster.url(node, site, "/hello"));
            Curl ofTheOther = tls.curl(stage, "https://%s:%d/hello".formatted(SECURE, TlsCluster.https(node)));

            assertEquals("hello", hello.out(), hello::toString);
            assertEquals(60, ofTheOther.exitCode(), "it is not the edge's certificate: " + ofTheOther);
        }
    }

    @Test
    void itsNameIsMisdirectedOnAConnectionThatEndsAtTheEdge() throws Exception {
        for (RunningEdge node : tls.cluster().nodes()) {
            Curl asked = tls.curl(stage, "-H", "Host: " + SECURE, TlsCluster.url(node, site, "/hello"));

            assertTrue(asked.told().matches("(?s).*HTTP/\\S+ 421.*"), asked::toString);
        }
    }

    @Test
    void gitClonesThroughIt() throws Exception {
        for (int port : ports()) {
            Path clone = stage.folder("clones").resolve("" + port);

            git(
                    "-c",
                    "http.curloptResolve=%s:%d:127.0.0.1".formatted(SECURE, port),
                    "clone",
                    "-q",
                    "https://%s:%d/repo.git".formatted(SECURE, port),
                    clone.toString());

            assertEquals("cloned through a tunnel\n", Files.readString(clone.resolve("README")));
        }
    }

    @Test
    void targetSeesTheVisitorBehindHaProxyAtEachNode() throws Exception {
        for (RunningEdge node : tls.cluster().nodes()) {
            for (String version : List.of("send-proxy", "send-proxy-v2")) {
                int port = haProxy(node, version);
                Curl inFields = tls.curl(
                        stage,
                        "--interface",
                        VISITOR,
                        "https://%s.%s:%d/seen".formatted(seen, TlsCluster.DOMAIN, port));
                Curl inHeader = Curl.run(
                        stage,
                        "--interface",
                        VISITOR,
                        "--cacert",
                        ownAuthority.toString(),
                        "https://%s:%d/visitor".formatted(TELLING, port));

                assertTrue(
                        inFields.out().toLowerCase(Locale.ROOT).contains("x-forwarded-for: " + VISITOR),
                        inFields::toString);
                assertEquals(VISITOR, inHeader.out(), inHeader::toString);
            }
        }
    }

    /** In tcp mode before the node's port for TLS, from the trusted address. */
    private static int haProxy(RunningEdge node, String version) throws IOException {
        int port = Stage.freePort();
        Path config = Files.writeString(stage.folder().resolve("proxy-%d.cfg".formatted(port)), """
                defaults
                    mode tcp
                    timeout connect 5s
                    timeout client 60s
                    timeout server 60s
                listen visitors
                    bind 127.0.0.1:%d
                    source %s
                    server edge 127.0.0.1:%d %s
                """.formatted(
                        port, PROXY, TlsCluster.https(node), version));
        Program program =
                stage.program("haproxy", List.of(Program.installed("haproxy"), "-W", "-db", "-f", config.toString()));
        program.err().await("Loading success");
        return port;
    }

    @Test
    void forgedProxyHeaderIsRefused() throws Exception {
        String forged = "PROXY TCP4 8.8.8.8 192.0.2.1 5000 443\r\n";
        RunningEdge node = tls.cluster().node(0);
        String host = site + "." + TlsCluster.DOMAIN;

        try (Visitor visitor = Visitor.to(TlsCluster.port(node, "http"))) {
            visitor.send(forged + "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            assertEquals(-1, visitor.read());
        }
        try (Visitor visitor = Visitor.to(TlsCluster.https(node))) {
            visitor.send(forged + new String(tls.client().hello(host), StandardCharsets.ISO_8859_1));
            assertEquals(-1, visitor.read());
        }
        node.program().err().await("PROXY header from a peer that is not in --trusted-proxies");
    }

    @Test
    void theWrongProtocolGetsAnAnswerThatHelps() throws Exception {
        RunningEdge node = tls.cluster().node(0);
        String plain = "http://%s.%s:%d/hello?x".formatted(site, TlsCluster.DOMAIN, TlsCluster.https(node));

        Curl onTls = Curl.run(stage, plain);
        Curl onPlain = tls.curl(
                stage, "https://%s.%s:%d/hello".formatted(site, TlsCluster.DOMAIN, TlsCluster.port(node, "http")));

        assertTrue(onTls.told().contains("400 Bad Request"), onTls::toString);
        assertTrue(onTls.out().contains(plain.replace("http:", "https:")), onTls::toString);
        assertEquals(35, onPlain.exitCode(), onPlain::toString);
        assertTrue(onPlain.told().contains("alert handshake failure"), onPlain::toString);
        node.program().err().await("TLS on the plain port; closed");
    }

    /** Random bytes, halves of a ClientHello, and most of all silence. */
    @Test
    void aThousandConnectionsThatSayNothingAreTimedOutAndHurtNobody() throws Exception {
        RunningEdge node = tls.cluster().node(1);
        double best = Double.MAX_VALUE;
        for (int attempt = 0; attempt < TRIES && best > MOST_TIMES; attempt++) {
            best = Math.min(best, timesSlowerBesideSilence(node));
        }

        assertTrue(best <= MOST_TIMES, "the p99 of others was %.2f times what it is without".formatted(best));
    }

    private static double timesSlowerBesideSilence(RunningEdge node) throws Exception {
        double[] alone = new double[ROUNDS];
        double[] beside = new double[ROUNDS];
        percentile(node); // For the machine to warm up.
        for (int round = 0; round < ROUNDS; round++) {
            alone[round] = percentile(node);
            List<Socket> silent = silence(node);
            beside[round] = percentile(node);
            if (round == ROUNDS - 1) {
                awaitEnd(silent);
            }
            for (Socket one : silent) {
                one.close();
            }
        }
        Arrays.sort(alone);
        Arrays.sort(beside);
        return beside[ROUNDS / 2] / alone[ROUNDS / 2];
    }

    /** The 99th percentile of a round, in milliseconds: two visitors that keep their connections, by TLS. */
    private static double percentile(RunningEdge node) throws Exception {
        double[] took = new double[REQUESTS];
        String host = site + "." + TlsCluster.DOMAIN;
        Thread[] threads = new Thread[2];
        for (int thread = 0; thread < threads.length; thread++) {
            int first = thread;
            threads[thread] = new Thread(() -> {
                try (Visitor visitor = Visitor.on(tls.client().connect(TlsCluster.https(node), host))) {
                    for (int request = first; request < REQUESTS; request += 2) {
                        long started = System.nanoTime();
                        assertEquals(200, visitor.get(host, "/hello").answer().status());
                        took[request] = (System.nanoTime() - started) / 1e6;
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            threads[thread].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Arrays.sort(took);
        assertTrue(took[0] > 0, "a visitor failed");
        return took[REQUESTS * 99 / 100];
    }

    private static List<Socket> silence(RunningEdge node) throws Exception {
        byte[] hello = tls.client().hello(site + "." + TlsCluster.DOMAIN);
        Random random = new Random(4);
        List<Socket> silent = new ArrayList<>();
        for (int number = 0; number < SILENT; number++) {
            Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), TlsCluster.https(node));
            if (number % 10 == 0) {
                socket.getOutputStream().write(hello, 0, hello.length / 2);
            } else if (number % 10 == 1) {
                byte[] noise = new byte[200];
                random.nextBytes(noise);
                socket.getOutputStream().write(noise);
            }
            silent.add(socket);
        }
        return silent;
    }

    /** Each connection is closed by the edge, in about the ten seconds that it gets. */
    private static void awaitEnd(List<Socket> silent) throws IOException {
        for (Socket socket : silent) {
            socket.setSoTimeout((int) Duration.ofSeconds(40).toMillis());
            try {
                socket.getInputStream().readAllBytes();
            } catch (SocketException e) {
                assertTrue(e.getMessage().contains("reset"), e::toString);
            }
        }
    }
}

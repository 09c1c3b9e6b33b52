package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import dev.culvert.edge.testkit.TestAuthority.Issued;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** HTTPS with the clients that people have, at the node that has the agent and at one that relays. */
class HttpsIT {
    /** Enough that some are under way whenever the certificate changes. */
    private static final int REQUESTS_AFTERWARDS = 300;

    @RegisterExtension
    static final Stage stage = new Stage();

    private static TlsCluster tls;
    private static String site;
    private static String telling;

    @BeforeAll
    static void tunnel() throws Exception {
        tls = TlsCluster.start(stage);
        RunningEdge near = tls.cluster().node(0);
        Path files = stage.folder("files");
        Files.writeString(files.resolve("hello"), "hello\n");
        site = stage.agent(near, Nginx.serving(stage, files).port(), "--lanes", "1")
                .awaitName();
        telling = stage.agent(near, PythonServer.target(stage).port(), "--lanes", "1")
                .awaitName();
    }

    @Test
    void curlGetsThePageAtEachNode() throws Exception {
        for (RunningEdge node : tls.cluster().nodes()) {
            Curl hello = tls.curl(stage, "--http1.1", TlsCluster.url(node, site, "/hello"));
            Curl seen = tls.curl(stage, "--http1.1", "--tls-max", "1.2", TlsCluster.url(node, telling, "/seen"));

            assertEquals("hello", hello.out(), hello::toString);
            assertTrue(hello.told().contains("TLSv1.3"), hello::toString);
            assertTrue(seen.out().toLowerCase(Locale.ROOT).contains("x-forwarded-proto: https"), seen::toString);
        }
    }

    @Test
    void chromiumShowsThePageAtEachNode() throws Exception {
        byte[] key = tls.served(tls.cluster().node(0), site).getPublicKey().getEncoded();
        String pin = Base64.getEncoder()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(key));
        Browser browser = Browser.start(
                stage,
                "--host-resolver-rules=MAP *.tunnel.test 127.0.0.1",
                // Chromium trusts no authority that is not in its store; it is told to take this key.
                "--ignore-certificate-errors-spki-list=" + pin);
        Page page = browser.page();
        for (RunningEdge node : tls.cluster().nodes()) {
            Browser.open(page, TlsCluster.url(node, telling, "/hello"));
            assertEquals("hello\n", page.textContent("body"));

            assertEquals("GET", page.evaluate("fetch('/seen').then(r => r.text()).then(t => t.substring(0, 3))"));
            assertEquals("https:", page.evaluate("location.protocol"));
            assertEquals(true, page.evaluate("isSecureContext"));
            assertEquals("h2", page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"));
        }
    }

    @Test
    void certificateIsReplacedUnderLoadWithoutAFailure() throws Exception {
        List<RunningEdge> nodes = tls.cluster().nodes();
        try (Visitors visitors = new Visitors()) {
            for (RunningEdge node : nodes) {
                visitors.start(node, true);
                visitors.start(node, false);
            }
            visitors.awaitMore(REQUESTS_AFTERWARDS);

            Issued fresh = tls.renew();

            for (RunningEdge node : nodes) {
                Awaitility.await().atMost(Stage.PATIENCE).until(() -> tls.served(node, site)
                        .equals(fresh.certificate()));
            }
            visitors.awaitMore(REQUESTS_AFTERWARDS);
            assertEquals(List.of(), List.copyOf(visitors.failures));
        }
    }

    /** Ask the same again and again, on one connection or on a new one each time. */
    private static final class Visitors implements AutoCloseable {
        private final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final AtomicInteger answered = new AtomicInteger();
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean stopping;

        void start(RunningEdge node, boolean keeps) {
            String host = site + "." + TlsCluster.DOMAIN;
            Thread thread = new Thread(() -> {
                while (!stopping && failures.isEmpty()) {
                    try (SSLSocket socket = tls.client().connect(TlsCluster.https(node), host);
                            Visitor visitor = Visitor.on(socket)) {
                        do {
                            Answer answer = visitor.get(host, "/hello").answer();
                            assertEquals("hello\n", answer.body(), answer::toString);
                            answered.incrementAndGet();
                        } while (keeps && !stopping);
                    } catch (IOException | AssertionError e) {
                        failures.add((keeps ? "kept: " : "fresh: ") + e);
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }

        void awaitMore(int number) {
            int until = answered.get() + number;
            Awaitility.await()
                    .atMost(Stage.PATIENCE.multipliedBy(2))
                    .until(() -> answered.get() >= until || !failures.isEmpty());
        }

        @Override
        public void close() throws InterruptedException {
            stopping = true;
            for (Thread thread : threads) {
                thread.join(Stage.PATIENCE.toMillis());
            }
        }
    }

    @Test
    void openSslFindsMozillasIntermediateProfileAndNothingElse() throws Exception {
        int port = TlsCluster.https(tls.cluster().node(0));

        assertEquals(Set.of("TLSv1.2", "TLSv1.3"), protocols(port));
        Set<String> ofEcdsa = ciphers(port, site + "." + TlsCluster.DOMAIN);
        Set<String> ofRsa = ciphers(port, "rsa.example");
        assertEquals(
                Set.of(
                        "ECDHE-ECDSA-AES128-GCM-SHA256",
                        "ECDHE-ECDSA-AES256-GCM-SHA384",
                        "ECDHE-ECDSA-CHACHA20-POLY1305"),
                ofEcdsa);
        assertEquals(
                Set.of(
                        "ECDHE-RSA-AES128-GCM-SHA256",
                        "ECDHE-RSA-AES256-GCM-SHA384",
                        "ECDHE-RSA-CHACHA20-POLY1305",
                        "DHE-RSA-AES128-GCM-SHA256",
                        "DHE-RSA-AES256-GCM-SHA384",
                        "DHE-RSA-CHACHA20-POLY1305"),
                ofRsa);
        assertEquals(Set.of("X25519", "prime256v1", "secp384r1"), groups(port));
        assertEquals(
                Set.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
                ciphersOf13(port));
    }

    @Test
    void renegotiationIsRefused() throws Exception {
        int port = TlsCluster.https(tls.cluster().node(0));
        Process client = new ProcessBuilder(
                        Program.installed("openssl"),
                        "s_client",
                        "-connect",
                        "127.0.0.1:" + port,
                        "-servername",
                        site + "." + TlsCluster.DOMAIN,
                        "-tls1_2")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader out = client.inputReader()) {
            String line = out.readLine();
            while (!line.contains("Verify return code")) {
                line = out.readLine();
            }
            client.getOutputStream().write("R\n".getBytes(StandardCharsets.US_ASCII)); // Its command for it.
            client.getOutputStream().flush();

            String answer = out.lines().collect(Collectors.joining("\n"));

            assertTrue(answer.contains("RENEGOTIATING") && answer.contains("alert handshake failure"), answer);
        } finally {
            client.destroyForcibly();
        }
    }

    private static Set<String> protocols(int port) throws Exception {
        Set<String> accepted = new TreeSet<>();
        for (Map.Entry<String, String> protocol : Map.of(
                        "-tls1", "TLSv1", "-tls1_1", "TLSv1.1", "-tls1_2", "TLSv1.2", "-tls1_3", "TLSv1.3")
                .entrySet()) {
            if (shakesHands(port, site + "." + TlsCluster.DOMAIN, protocol.getKey(), "-cipher", "ALL:@SECLEVEL=0")) {
                accepted.add(protocol.getValue());
            }
        }
        return accepted;
    }

    private static Set<String> ciphersOf13(int port) throws Exception {
        Set<String> accepted = new TreeSet<>();
        for (String cipher : List.of(
                "TLS_AES_128_GCM_SHA256",
                "TLS_AES_256_GCM_SHA384",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_AES_128_CCM_SHA256",
                "TLS_AES_128_CCM_8_SHA256")) {
            if (shakesHands(port, site + "." + TlsCluster.DOMAIN, "-tls1_3", "-ciphersuites", cipher)) {
                accepted.add(cipher);
            }
        }
        return accepted;
    }

    /** With TLS 1.2 and whatever OpenSSL has: what the edge takes is struck from the list until it takes nothing more. */
    private static Set<String> ciphers(int port, String host) throws Exception {
        Set<String> accepted = new TreeSet<>();
        while (true) {
            String left = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
                    + accepted.stream().map(":!"::concat).reduce("", String::concat);
            String said = sClient(port, host, "-tls1_2", "-cipher", left);
            Matcher cipher = Pattern.compile("Cipher is ([A-Z0-9_-]+)").matcher(said);
            if (!cipher.find() || !accepted.add(cipher.group(1))) {
                return accepted;
            }
        }
    }

    private static Set<String> groups(int port) throws Exception {
        Set<String> accepted = new TreeSet<>();
        for (String group : List.of("X25519", "X448", "prime256v1", "secp384r1", "secp521r1", "brainpoolP256r1")) {
            if (shakesHands(port, site + "." + TlsCluster.DOMAIN, "-tls1_3", "-groups", group)) {
                accepted.add(group);
            }
        }
        return accepted;
    }

    private static boolean shakesHands(int port, String host, String... options) throws Exception {
        return sClient(port, host, options).matches("(?s).*Cipher is (?!\\(NONE\\)).*");
    }

    private static String sClient(int port, String host, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Program.installed("openssl"), "s_client", "-connect"));
        command.addAll(List.of("127.0.0.1:" + port, "-servername", host));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        return new String(process.getInputStream().readAllBytes());
    }

    @Test
    void withoutACertificateTheEdgeSaysHowToTrustItsOwn() throws Exception {
        RunningEdge edge = stage.edge("--https-port", "0");
        Path authority = Path.of(
                String.join("\n", edge.program().out().lines()).replaceFirst("(?s).*curl --cacert (\\S+).*", "$1"));
        RunningAgent agent = stage.agent(edge, PythonServer.target(stage).port(), "--name", "local");
        String url = agent.awaitOnline().getString("url");

        Curl trusting = Curl.run(stage, "--cacert", authority.toString(), url + "/hello");
        Curl doubting = Curl.run(stage, url + "/hello");

        assertTrue(url.startsWith("https://local.localhost:"), url);
        assertEquals("hello", trusting.out(), trusting::toString);
        assertEquals(60, doubting.exitCode(), doubting::toString);
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(authority.resolveSibling("authority.key"))));
    }
}

package dev.culvert.edge.e2e;

import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import dev.culvert.edge.testkit.RawHttp2Visitor;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Visitors who speak HTTP/2, with TLS and without, at the node that has the agents' lanes and at one that relays. */
class Http2IT {
    private static final int LARGE_BYTES = 8 * 1024 * 1024;

    /** What the issue asks for. */
    private static final int REQUESTS = 10_000;

    /** Twenty times what they take through the relay. */
    private static final Duration ALL_REQUESTS = Duration.ofMinutes(2);

    @RegisterExtension
    static final Stage stage = new Stage();

    private static TlsCluster tls;
    private static Path folder;
    private static byte[] large;

    /** Whose target serves {@link #folder}. */
    private static String files;

    /** Whose targets say for which host they were asked. */
    private static String red;

    private static String blue;

    /** Whose target reads no body. */
    private static String deaf;

    /** Which way visitors come. */
    enum Way {
        PLAIN,
        PLAIN_RELAYED,
        TLS,
        TLS_RELAYED;

        boolean isTls() {
            return this == TLS || this == TLS_RELAYED;
        }

        RunningEdge node() {
            return tls.cluster().node(this == PLAIN || this == TLS ? 0 : 1);
        }

        int port() {
            return TlsCluster.port(node(), isTls() ? "https" : "http");
        }

        String authority(String name) {
            return "%s.%s:%d".formatted(name, TlsCluster.DOMAIN, port());
        }

        String url(String name, String path) {
            return (isTls() ? "https://" : "http://") + authority(name) + path;
        }

        RawHttp2Visitor visitor() throws IOException {
            return new RawHttp2Visitor(
                    isTls()
                            ? tls.client().connectTo(port(), red + "." + TlsCluster.DOMAIN, List.of("h2", "http/1.1"))
                            : new Socket("127.0.0.1", port()));
        }
    }

    @BeforeAll
    static void tunnels() throws Exception {
        tls = TlsCluster.start(stage);
        folder = stage.folder("files");
        large = new byte[LARGE_BYTES];
        new Random(2).nextBytes(large);
        Files.write(folder.resolve("large"), large);
        Files.writeString(folder.resolve("page"), "the page\n");
        int asked = stage.keep(CountingTarget.start()).port();
        files = tunnelTo(Nginx.serving(stage, folder).port());
        red = tunnelTo(asked);
        blue = tunnelTo(asked);
        deaf = tunnelTo(stage.keep(DeafTarget.start()).port());
    }

    /** All at one node: the other one relays. */
    private static String tunnelTo(int port) throws IOException {
        return stage.agent(tls.cluster().node(0), port, "--lanes", "1").awaitName();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void curlGetsAndPutsFilesWhole(Way way) throws Exception {
        String said = "%{http_version} %{response_code}";
        assertEquals("the page\n2 200", curl(way, "/page", "-w", said));
        assertEquals("2 200", curl(way, "/page", "-I", "-o", "/dev/null", "-w", said));
        assertEquals("2 404", curl(way, "/nothing", "-o", "/dev/null", "-w", said));

        Path down = stage.folder().resolve("down-" + way);
        curl(way, "/large", "-o", down.toString());
        assertArrayEquals(large, Files.readAllBytes(down));
        String source = folder.resolve("large").toString();
        assertEquals("2 201", curl(way, "/up-" + way, "-T", source, "-o", "/dev/null", "-w", said));
        assertArrayEquals(large, Files.readAllBytes(folder.resolve("up-" + way)));
        // Without a length the target gets it in chunks.
        assertEquals(
                "2 201",
                curl(way, "/chunks-" + way, "-T", source, "-H", "Content-Length:", "-o", "/dev/null", "-w", said));
        assertArrayEquals(large, Files.readAllBytes(folder.resolve("chunks-" + way)));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void tenThousandRequestsOnFourConnectionsEndWithoutAnError(Way way) throws Exception {
        Program load = stage.program(
                "h2load",
                List.of(
                        Program.installed("h2load"),
                        "-n",
                        Integer.toString(REQUESTS),
                        "-c",
                        "4",
                        "-m",
                        "10",
                        "--connect-to=127.0.0.1:" + way.port(),
                        way.url(files, "/page")));
        assertEquals(0, load.exitCode(ALL_REQUESTS), load::said);

        String said = String.join("\n", load.out().awaitEnd());

        assertTrue(said.contains("Application protocol: h2"), load::said);
        assertTrue(
                said.contains("%1$d total, %1$d started, %1$d done, %1$d succeeded, 0 failed, 0 errored, 0 timeout"
                        .formatted(REQUESTS)),
                load::said);
        assertTrue(said.contains("status codes: %d 2xx, 0 3xx, 0 4xx, 0 5xx".formatted(REQUESTS)), load::said);
        System.out.printf(
                "h2load %s: %s%n",
                way,
                said.lines()
                        .filter(line -> line.contains("req/s, "))
                        .findFirst()
                        .orElse(said));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void twoTunnelsOnOneConnectionAreNeverMixed(Way way) throws Exception {
        try (RawHttp2Visitor visitor = way.visitor()) {
            for (int round = 0; round < 20; round++) {
                List<Integer> streams = new ArrayList<>();
                for (int at = 0; at < 50; at++) {
                    String host = way.authority(at % 2 == 0 ? red : blue);
                    streams.add(visitor.request(get(host, "/r/" + (round * 50 + at))));
                }
                for (int at = 0; at < 50; at++) {
                    String host = way.authority(at % 2 == 0 ? red : blue);
                    assertEquals(
                            CountingTarget.answerTo(host, round * 50 + at),
                            visitor.await(streams.get(at)).body());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"PLAIN", "PLAIN_RELAYED"})
    void stalledUploadDelaysNoneOfItsNeighbours(Way way) throws Exception {
        try (RawHttp2Visitor visitor = way.visitor()) {
            int stalled = visitor.open(post(way.authority(deaf), "/"));
            byte[] piece = new byte[16_000];
            // Until neither target, nor agent, nor edge takes any more: no window comes back for so many round trips.
            long sent = 0;
            for (int quiet = 0; quiet < 50; ) {
                if (visitor.granted(stalled) + 65_535 - sent >= piece.length) {
                    visitor.frame(RawHttp2Visitor.DATA, 0, stalled, piece);
                    sent += piece.length;
                    quiet = 0;
                } else {
                    visitor.sync();
                    quiet++;
                }
            }

            for (int at = 0; at < 20; at++) {
                int stream = visitor.open(post(way.authority(red), "/r/" + at, "content-length: 160000"));
                for (int sentHere = 0; sentHere < 160_000; sentHere += piece.length) {
                    while (visitor.granted(stream) + 65_535 < sentHere + piece.length) {
                        visitor.sync();
                    }
                    boolean last = sentHere + piece.length == 160_000;
                    visitor.frame(RawHttp2Visitor.DATA, last ? RawHttp2Visitor.END_STREAM : 0, stream, piece);
                }
                String answer = visitor.await(stream).body();
                assertTrue(answer.startsWith(CountingTarget.answerTo(way.authority(red), at)), answer);
                assertEquals(160_000, answer.length() - answer.indexOf('\n') - 1);
            }
            System.out.printf("%s: an upload stands after %d KiB%n", way, sent / 1024);
            visitor.reset(stalled);
            assertEquals(
                    200,
                    visitor.await(visitor.request(get(way.authority(files), "/page")))
                            .status());
        }
    }

    @Test
    void chromiumSpeaksHttp2AtEachNodeAndMixesNoTunnels() throws Exception {
        byte[] key = tls.served(tls.cluster().node(0), red).getPublicKey().getEncoded();
        String pin = Base64.getEncoder()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(key));
        Browser browser = Browser.start(
                stage,
                "--host-resolver-rules=MAP *.tunnel.test 127.0.0.1",
                // Chromium trusts no authority that is not in its store; it is told to take this key.
                "--ignore-certificate-errors-spki-list=" + pin);
        Page page = browser.page();
        for (Way way : List.of(Way.TLS, Way.TLS_RELAYED)) {
            for (String name : List.of(red, blue, red)) {
                Browser.open(page, way.url(name, "/r/0"));

                assertEquals(CountingTarget.answerTo(way.authority(name), 0), page.textContent("body"));
                assertEquals("h2", page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"));
                assertEquals(40, page.evaluate("""
                                async host => {
                                    const asked = [...Array(40).keys()];
                                    const answers = await Promise.all(
                                        asked.map(number => fetch('/r/' + number).then(answer => answer.text())));
                                    return asked.filter(number => answers[number] === host + ' ' + number + '\\n').length;
                                }
                                """, way.authority(name)));
            }
        }
    }

    private static String curl(Way way, String path, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(way.isTls() ? "--http2" : "--http2-prior-knowledge"));
        arguments.addAll(List.of(more));
        arguments.add(way.url(files, path));
        Curl curl = tls.curl(stage, arguments.toArray(String[]::new));
        assertEquals(0, curl.exitCode(), curl::toString);
        return curl.out();
    }
}

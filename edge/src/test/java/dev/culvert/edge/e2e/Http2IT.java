package dev.culvert.edge.e2e;

import static dev.culvert.edge.testkit.RawHttp2Visitor.get;
import static dev.culvert.edge.testkit.RawHttp2Visitor.post;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.edge.testkit.RawHttp2Visitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Visitors who speak HTTP/2, at the node that has the agent's lane and at one that relays to it. */
class Http2IT {
    private static final int LARGE_BYTES = 8 * 1024 * 1024;

    /** What the issue asks for. */
    private static final int REQUESTS = 10_000;

    /** Ten times what they take through the relay. */
    private static final Duration ALL_REQUESTS = Duration.ofMinutes(2);

    @RegisterExtension
    static final Stage stage = new Stage();

    private static RunningCluster cluster;
    private static Path folder;
    private static byte[] large;
    private static int holder;

    /** Whose target serves {@link #folder}. */
    private static String files;

    /** Whose targets say for which host they were asked. */
    private static String red;

    private static String blue;

    /** Whose target reads no body. */
    private static String deaf;

    /** Which way visitors come. */
    enum Way {
        STRAIGHT,
        RELAYED
    }

    @BeforeAll
    static void tunnels() throws Exception {
        cluster = RunningCluster.start(stage, 2);
        folder = stage.folder("files");
        large = new byte[LARGE_BYTES];
        new Random(2).nextBytes(large);
        Files.write(folder.resolve("large"), large);
        Files.writeString(folder.resolve("page"), "the page\n");
        CountingTarget target = stage.keep(CountingTarget.start());
        int[] targets = {
            Nginx.serving(stage, folder).port(),
            target.port(),
            target.port(),
            stage.keep(DeafTarget.start()).port()
        };
        List<String> names = new ArrayList<>();
        for (int port : targets) {
            // All at one node: the other one relays.
            names.add(stage.agent(cluster.node(0), port, "--lanes", "1").awaitName());
        }
        files = names.get(0);
        red = names.get(1);
        blue = names.get(2);
        deaf = names.get(3);
        holder = 0;
        for (String name : names) {
            assertEquals(List.of(holder), cluster.holdersOf(name));
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void curlWithPriorKnowledgeGetsAndPutsFilesWhole(Way way) throws Exception {
        RunningEdge edge = edge(way);
        String page = curl(edge, "/page", "-w", " %{http_version} %{response_code}");
        assertEquals("the page\n 2 200", page);
        assertEquals(
                " 2 200 9",
                curl(
                        edge,
                        "/page",
                        "-I",
                        "-o",
                        "/dev/null",
                        "-w",
                        " %{http_version} %{response_code}" + " %header{content-length}"));
        assertEquals("2 404", curl(edge, "/nothing", "-o", "/dev/null", "-w", "%{http_version} %{response_code}"));

        Path down = stage.folder().resolve("down-" + way);
        curl(edge, "/large", "-o", down.toString());
        assertArrayEquals(large, Files.readAllBytes(down));
        String put = curl(
                edge,
                "/up-" + way,
                "-T",
                folder.resolve("large").toString(),
                "-o",
                "/dev/null",
                "-w",
                "%{response_code}");
        assertEquals("201", put);
        assertArrayEquals(large, Files.readAllBytes(folder.resolve("up-" + way)));
        // Without a length nginx gets it in chunks.
        String chunked = curl(
                edge,
                "/chunked-" + way,
                "-T",
                folder.resolve("large").toString(),
                "-H",
                "Content-Length:",
                "-o",
                "/dev/null",
                "-w",
                "%{response_code}");
        assertEquals("201", chunked);
        assertArrayEquals(large, Files.readAllBytes(folder.resolve("chunked-" + way)));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void tenThousandRequestsOnFourConnectionsEndWithoutAnError(Way way) throws Exception {
        RunningEdge edge = edge(way);
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
                        "-H",
                        ":authority: " + edge.host(files),
                        "http://127.0.0.1:%d/page".formatted(edge.httpPort())));
        assertEquals(0, load.exitCode(ALL_REQUESTS), load::said);

        String said = String.join("\n", load.out().awaitEnd());

        assertTrue(
                said.contains("%1$d total, %1$d started, %1$d done, %1$d succeeded, 0 failed, 0 errored, 0 timeout"
                        .formatted(REQUESTS)),
                load::said);
        assertTrue(said.contains("status codes: %d 2xx, 0 3xx, 0 4xx, 0 5xx".formatted(REQUESTS)), load::said);
        System.out.printf(
                "h2load %s: %s%n",
                way, said.lines().filter(line -> line.contains("req/s")).toList());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void twoTunnelsOnOneConnectionAreNeverMixed(Way way) throws Exception {
        RunningEdge edge = edge(way);
        try (RawHttp2Visitor visitor = new RawHttp2Visitor(edge.httpPort())) {
            for (int round = 0; round < 20; round++) {
                List<Integer> streams = new ArrayList<>();
                for (int at = 0; at < 50; at++) {
                    String host = edge.host(at % 2 == 0 ? red : blue);
                    streams.add(visitor.request(get(host, "/r/" + (round * 50 + at))));
                }
                for (int at = 0; at < 50; at++) {
                    String host = edge.host(at % 2 == 0 ? red : blue);
                    assertEquals(
                            CountingTarget.answerTo(host, round * 50 + at),
                            visitor.await(streams.get(at)).body());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void stalledUploadDelaysNoneOfItsNeighbours(Way way) throws Exception {
        RunningEdge edge = edge(way);
        try (RawHttp2Visitor visitor = new RawHttp2Visitor(edge.httpPort())) {
            int stalled = visitor.open(post(edge.host(deaf), "/"));
            byte[] piece = new byte[16_000];
            // Until neither target, nor agent, nor edge takes any more: no window comes back on two pings in a row.
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
                int stream = visitor.open(post(edge.host(red), "/r/" + at, "content-length: 160000"));
                for (int sentHere = 0; sentHere < 160_000; sentHere += piece.length) {
                    while (visitor.granted(stream) + 65_535 < sentHere + piece.length) {
                        visitor.sync();
                    }
                    boolean last = sentHere + piece.length == 160_000;
                    visitor.frame(RawHttp2Visitor.DATA, last ? RawHttp2Visitor.END_STREAM : 0, stream, piece);
                }
                String answer = visitor.await(stream).body();
                assertTrue(answer.startsWith(CountingTarget.answerTo(edge.host(red), at)), answer::toString);
                assertEquals(160_000, answer.length() - answer.indexOf('\n') - 1);
            }
            System.out.printf("%s: an upload stands after %d KiB%n", way, sent / 1024);
            visitor.reset(stalled);
            assertEquals(
                    200,
                    visitor.await(visitor.request(get(edge.host(files), "/page")))
                            .status());
        }
    }

    /** The node whose visitors go that way. */
    private static RunningEdge edge(Way way) {
        return cluster.node(way == Way.STRAIGHT ? holder : 1 - holder);
    }

    private static String curl(RunningEdge edge, String path, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(Program.installed("curl"), "-sS", "--http2-prior-knowledge"));
        command.addAll(List.of("--resolve", "%s:127.0.0.1".formatted(edge.host(files))));
        command.addAll(List.of(more));
        command.add("http://" + edge.host(files) + path);
        Program curl = stage.program("curl", command);
        assertEquals(0, curl.exitCode(), curl::said);
        return String.join("\n", curl.out().awaitEnd());
    }
}

package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code culvert http2}: real servers of HTTP/2 and gRPC, at the node that has the agents' lanes and at one that relays. */
class Http2TargetIT {
    private static final int LARGE_BYTES = 8 * 1024 * 1024;

    @RegisterExtension
    static final Stage stage = new Stage();

    private static TlsCluster tls;
    private static Grpc grpc;
    private static Path folder;
    private static byte[] large;
    private static String echo;
    private static String files;

    @BeforeAll
    static void tunnels() throws Exception {
        tls = TlsCluster.start(stage);
        grpc = Grpc.start(stage);
        folder = stage.folder("files");
        large = new byte[LARGE_BYTES];
        new Random(3).nextBytes(large);
        Files.write(folder.resolve("large"), large);
        echo = tunnelTo(Integer.toString(grpc.port()));
        files = tunnelTo(Integer.toString(Nginx.servingByHttp2(stage, folder).port()));
    }

    private static String tunnelTo(String target, String... more) throws IOException {
        List<String> options = new ArrayList<>(List.of("--lanes", "1"));
        options.addAll(List.of(more));
        return RunningAgent.ofKind("http2", stage, tls.cluster().node(0), target, options.toArray(String[]::new))
                .awaitName();
    }

    @ParameterizedTest
    @CsvSource({"0, http", "1, http", "0, https", "1, https"})
    void grpcIsCalledInAllWays(int node, String door) throws Exception {
        int port = TlsCluster.port(tls.cluster().node(node), door);
        String authority = "%s.%s:%d".formatted(echo, TlsCluster.DOMAIN, port);

        List<String> said = grpc.call(port, authority, door.equals("https") ? tls.authorityFile() : null);

        assertEquals(
                List.of(
                        "once: one message / hello",
                        "large: 8388608",
                        "fail: NOT_FOUND there is no such thing",
                        "unknown: UNIMPLEMENTED",
                        "many: 2001000",
                        "count: 4000000",
                        "chat: 100",
                        "crowd: 50",
                        "deadline: DEADLINE_EXCEEDED"),
                said);
        // The target hears that nobody waits any more.
        grpc.server().out().await("given up");
    }

    @ParameterizedTest
    @CsvSource({"0, --http1.1", "1, --http2"})
    void filesGoDownAndUpWhole(int node, String protocol) throws Exception {
        String said = "%{response_code}";
        String name = "copy-" + node + protocol;
        Path down = stage.folder().resolve(name);

        assertEquals("200", curl(node, files, "/large", protocol, "-o", down.toString(), "-w", said));
        assertArrayEquals(large, Files.readAllBytes(down));
        String source = folder.resolve("large").toString();
        assertEquals("201", curl(node, files, "/" + name, protocol, "-T", source, "-o", "/dev/null", "-w", said));
        assertArrayEquals(large, Files.readAllBytes(folder.resolve(name)));
        assertEquals("404", curl(node, files, "/nothing", protocol, "-o", "/dev/null", "-w", said));
    }

    @Test
    void targetByTlsIsAskedForHttp2() throws Exception {
        Path certificate = tls.folder().resolve("edge");
        Nginx http2 = Nginx.servingByTlsAndHttp2(stage, folder, certificate);
        Nginx http1 = Nginx.servingByTls(stage, folder, certificate);
        String good = tunnelTo("https://127.0.0.1:" + http2.port(), "--insecure-target");
        String bad = tunnelTo("https://127.0.0.1:" + http1.port(), "--insecure-target");

        assertEquals("200", curl(0, good, "/large", "-o", "/dev/null", "-w", "%{response_code}"));
        assertTrue(curl(0, bad, "/large").contains("does not choose HTTP/2"));
    }

    @Test
    void targetThatSpeaksHttp1AloneIsToldToItsVisitors() throws Exception {
        String wrong = tunnelTo(Integer.toString(PythonServer.target(stage).port()));

        String page = curl(0, wrong, "/");

        assertTrue(page.contains("no HTTP/2"), page);
    }

    private static String curl(int node, String name, String path, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add(TlsCluster.url(tls.cluster().node(node), name, path));
        Curl done = tls.curl(stage, all.toArray(String[]::new));
        assertEquals(0, done.exitCode(), done::toString);
        return done.out();
    }
}

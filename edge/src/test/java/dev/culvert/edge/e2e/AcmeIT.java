package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Certificates by ACME, of Pebble, for a cluster. */
class AcmeIT {
    private static final String DOMAIN = "tunnel.test";
    private static final String SHOP = "shop." + DOMAIN;

    @RegisterExtension
    final Stage stage = new Stage();

    @Test
    void whatOneNodeOrdersAllProveServeAndKeep() throws Exception {
        Path site = stage.folder("site");
        Files.writeString(site.resolve("hello"), "hello\n");
        int target = Nginx.serving(stage, site).port();
        Path secret = Files.writeString(stage.folder().resolve("secret"), "0123456789abcdef0123\n");
        RunningCluster ports = RunningCluster.of(stage, 2);
        // The authority asks the second node, and the first one, which is the oldest, orders.
        int proofPort = ports.places().get(1).http();
        Pebble pebble = Pebble.start(stage, proofPort);
        RunningCluster cluster = ports.with(
                "--domain",
                DOMAIN,
                "--https-port",
                "0",
                "--cluster-secret-file",
                secret.toString(),
                "--acme",
                pebble.directory(),
                "--acme-ca",
                pebble.ca().toString());
        cluster.start(0);
        cluster.start(1);
        RunningAgent agent = stage.agent(cluster.node(0), target, "--lanes", "1", "--name", "shop");
        agent.awaitOnline();
        Path root = pebble.root(stage);

        for (RunningEdge node : cluster.nodes()) {
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .until(() -> https(node, root).exitCode() == 0);
            assertEquals("hello", https(node, root).out());
        }
        Curl notOurs = Curl.run(
                stage,
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "http://%s:%d/.well-known/acme-challenge/x".formatted(SHOP, proofPort));
        assertEquals("404", notOurs.out());
        assertTrue(notOurs.told().contains("nginx"), "a token that is not ours is the target's to know");

        pebble.program().close();
        agent.program().terminate();
        agent.program().exitCode();
        cluster.stop(0);
        cluster.stop(1);
        cluster.start(1); // Alone, and with what it has learned from the other.
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> https(cluster.node(1), root).exitCode() == 0);
    }

    private Curl https(RunningEdge node, Path root) throws IOException {
        return Curl.run(
                stage, "--cacert", root.toString(), "https://%s:%d/hello".formatted(SHOP, TlsCluster.https(node)));
    }
}

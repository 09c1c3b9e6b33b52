package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Certificates by ACME, of Pebble, for a cluster. */
class AcmeIT {
    private static final String DOMAIN = "tunnel.test";

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
        RunningAgent shop = stage.agent(cluster.node(0), target, "--lanes", "1", "--name", "shop");
        shop.awaitOnline();
        Path root = pebble.root(stage);

        for (RunningEdge node : cluster.nodes()) {
            awaitHttps(node, "shop", root);
            assertEquals("hello", https(node, "shop", root).out());
        }
        Curl notOurs = Curl.run(
                stage,
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "http://shop.%s:%d/.well-known/acme-challenge/%s".formatted(DOMAIN, proofPort, "x".repeat(43)));
        assertEquals("404", notOurs.out());
        assertTrue(notOurs.told().contains("nginx"), "a token that is not ours is the target's to know");

        Pebble forgetful = pebble.again(stage);
        RunningAgent office = stage.agent(cluster.node(0), target, "--lanes", "1", "--name", "office");
        office.awaitOnline();
        awaitHttps(cluster.node(1), "office", forgetful.root(stage));

        forgetful.program().close();
        for (RunningAgent agent : List.of(shop, office)) {
            agent.program().terminate();
            agent.program().exitCode();
        }
        cluster.stop(0);
        cluster.stop(1);
        cluster.start(1); // Alone, and with what it has learned from the other.
        awaitHttps(cluster.node(1), "shop", root);
    }

    /** With the sample of the documentation for a name server that takes updates. */
    @Test
    void domainWhoseDnsCanBeWrittenHasOneCertificateForAllItsTunnels() throws Exception {
        Path site = stage.folder("site");
        Files.writeString(site.resolve("hello"), "hello\n");
        int target = Nginx.serving(stage, site).port();
        Knot names = Knot.start(stage, DOMAIN);
        Pebble pebble = Pebble.startFor(stage, names);
        Path account = Files.writeString(stage.folder().resolve("eab"), Pebble.ACCOUNT + "\n");
        RunningEdge edge = stage.edge(
                "--domain",
                DOMAIN,
                "--https-port",
                "0",
                "--acme",
                pebble.directory(),
                "--acme-ca",
                pebble.ca().toString(),
                "--acme-eab-file",
                account.toString(),
                "--acme-dns",
                names.program().toString());
        Output log = edge.program().err();
        // In either order.
        for (String host : List.of(DOMAIN, "*." + DOMAIN)) {
            Awaitility.await().atMost(Stage.PATIENCE).until(() -> log.lines().stream()
                    .anyMatch(line -> line.contains("names=" + host + " ") && line.contains("served from now on")));
        }

        for (String name : List.of("shop", "office")) {
            stage.agent(edge, target, "--lanes", "1", "--name", name).awaitOnline();
            assertEquals("hello", https(edge, name, pebble.root(stage)).out(), "from its first moment on");
        }
        assertEquals(
                2,
                log.lines().stream()
                        .filter(line -> line.contains("certificate ordered"))
                        .count(),
                "of the domain and of all under it");
        String metrics = Visitor.get(edge.adminPort(), "127.0.0.1:" + edge.adminPort(), "/metrics")
                .body();
        assertTrue(metrics.contains("culvert_certificate_orders_total{outcome=\"received\"} 2.0"), metrics);
        assertTrue(
                metrics.contains("culvert_certificate_end_timestamp_seconds 1.9"),
                metrics); // Pebble's last for five years.
        assertEquals(List.of(), names.texts(stage, "_acme-challenge." + DOMAIN), "the proofs are gone");
    }

    private void awaitHttps(RunningEdge node, String name, Path root) {
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .until(() -> https(node, name, root).exitCode() == 0);
    }

    private Curl https(RunningEdge node, String name, Path root) throws IOException {
        return Curl.run(
                stage,
                "--cacert",
                root.toString(),
                "https://%s.%s:%d/hello".formatted(name, DOMAIN, TlsCluster.https(node)));
    }
}

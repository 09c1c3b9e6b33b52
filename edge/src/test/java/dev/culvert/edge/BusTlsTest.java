package dev.culvert.edge;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.culvert.agent.TunnelOptions;
import dev.culvert.config.ConfigException;
import dev.culvert.edge.testkit.Cluster;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.RawVisitor;
import dev.culvert.edge.testkit.TestAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Edges whose event bus has the certificates that {@code cluster-config/make-authority} makes. */
@Timeout(90)
class BusTlsTest {
    @TempDir
    Path folder;

    @Test
    void nodesOfOneAuthorityCarryVisitorsAndOneOfAnotherCarriesNone() throws Exception {
        assertEquals(0, make("ours", "one", "two"));
        assertEquals(0, make("theirs", "stranger"));
        try (Cluster cluster = Cluster.start(0)) {
            Edge one = cluster.join(cluster.options(folder.resolve("ours/one")));
            Edge two = cluster.join(cluster.options(folder.resolve("ours/two")));
            Edge stranger = cluster.join(cluster.options(folder.resolve("theirs/stranger")));
            Nodes.await(cluster.agent(one.ports().lane(), 1)
                    .open(TunnelOptions.http(cluster.site("hello")).withName("shop")));

            assertEquals("hello", Cluster.visit(one, "shop.localhost").body());
            assertEquals("hello", Cluster.visit(two, "shop.localhost").body());
            assertFalse(Cluster.visit(stranger, "shop.localhost").status() < 500, "not through a stranger");
            // Its operator can see it, once it has tried again.
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> metrics(stranger).contains("\nculvert_nodes_unreached 2.0\n"));
        }
    }

    @Test
    void authorityIsKeptAndNoCertificateIsOverwritten() throws Exception {
        assertEquals(0, make("ours", "one"));
        String authority = Files.readString(folder.resolve("ours/authority.crt"));

        assertEquals(0, make("ours", "two"));

        assertEquals(authority, Files.readString(folder.resolve("ours/two/authority.crt")));
        assertEquals(1, make("ours", "two"));
        assertEquals(2, make("ours", "../two"));
        assertTrue(Files.readString(folder.resolve("ours/one/node.key")).startsWith("-----BEGIN PRIVATE KEY-----"));
    }

    /** It started, was ready, and could not be reached: its visitors got 502 for whatever it did not hold itself. */
    @Test
    void nodeWithACertificateThatHasEndedDoesNotStart() throws Exception {
        TestAuthority authority = new TestAuthority();
        authority.write(folder, "node", authority.issue("EC", Duration.ofMinutes(-1), "one"));
        Files.copy(authority.writeOwn(folder), folder.resolve("authority.crt"));

        try (Cluster cluster = Cluster.start(0)) {
            Throwable fault = assertThrows(AssertionError.class, () -> cluster.join(cluster.options(folder)))
                    .getCause();

            assertInstanceOf(ConfigException.class, fault);
            assertTrue(String.valueOf(fault.getMessage()).contains(folder.resolve("node.crt") + " has ended at 20"));
        }
    }

    private static String metrics(Edge edge) throws IOException {
        try (RawVisitor operator = new RawVisitor(edge.ports().admin())) {
            return operator.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .awaitAnswer()
                    .body();
        }
    }

    private int make(String authority, String... nodes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "../cluster-config/make-authority", folder.resolve(authority).toString()));
        command.addAll(List.of(nodes));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        return process.exitValue();
    }
}

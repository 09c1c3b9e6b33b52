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
import dev.culvert.edge.tls.BusFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
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

    /** As in a change of authority: all trust both, then each gets one of the new, and those that start have no other. */
    @Test
    void nodeThatHasOnlyTheNewerAuthorityMeetsThoseThatChangedToItWhileTheyRan() throws Exception {
        TestAuthority former = new TestAuthority();
        TestAuthority newer = new TestAuthority();
        try (Cluster cluster = Cluster.start(0)) {
            Edge one = cluster.join(cluster.options(node("one", former.issue("one"), former, newer)));
            Edge two = cluster.join(cluster.options(node("two", former.issue("two"), former, newer)));
            Nodes.await(cluster.agent(one.ports().lane(), 1)
                    .open(TunnelOptions.http(cluster.site("hello")).withName("shop")));
            assertEquals("hello", Cluster.visit(two, "shop.localhost").body());

            awaitInUse(one, node("one", newer.issue("EC", Duration.ofDays(70), "one"), former, newer));
            assertEquals("hello", Cluster.visit(two, "shop.localhost").body());
            awaitInUse(two, node("two", newer.issue("EC", Duration.ofDays(70), "two"), newer));
            Edge third = cluster.join(cluster.options(node("third", newer.issue("third"), newer)));
            Nodes.await(cluster.agent(third.ports().lane(), 1)
                    .open(TunnelOptions.http(cluster.site("hi")).withName("blog")));

            assertEquals("hello", Cluster.visit(third, "shop.localhost").body());
            assertEquals("hello", Cluster.visit(two, "shop.localhost").body());
            assertEquals("hi", Cluster.visit(one, "blog.localhost").body());
            assertEquals("hi", Cluster.visit(two, "blog.localhost").body());
        }
    }

    /** The folder of a node, with what it has from now on. */
    private Path node(String name, TestAuthority.Issued own, TestAuthority... trusted) throws IOException {
        Path node = Files.createDirectories(folder.resolve(name));
        StringBuilder authorities = new StringBuilder();
        for (TestAuthority authority : trusted) {
            authorities.append(TestAuthority.pem(authority.certificate()));
        }
        Files.writeString(node.resolve("authority.crt"), authorities);
        Files.writeString(node.resolve("node.crt"), TestAuthority.pem(own.certificate()));
        Files.writeString(node.resolve("node.key"), TestAuthority.pkcs8(own.key()));
        return node;
    }

    /** Waits until the edge says that it has the one of its folder. */
    private static void awaitInUse(Edge edge, Path node) throws IOException {
        Instant until = new BusFiles(node, Clock.systemUTC()).read().until();
        await().atMost(Duration.ofSeconds(30)).until(() -> metrics(edge)
                .lines()
                .filter(line -> line.startsWith("culvert_bus_certificate_end_timestamp_seconds "))
                .map(line -> Double.valueOf(line.substring(line.indexOf(' '))))
                .anyMatch(end -> end.longValue() == until.getEpochSecond()));
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

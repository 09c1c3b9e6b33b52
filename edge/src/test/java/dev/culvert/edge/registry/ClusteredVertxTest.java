package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import dev.culvert.edge.testkit.Nodes;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusteredVertxTest {
    @TempDir
    Path directory;

    @Test
    void nodesTalkAndEachIsCalledByItsIdInTheCluster() {
        try (Nodes nodes = Nodes.start(2)) {
            assertEquals("hello", ask(nodes.get(0), nodes.get(1)));
            assertEquals("hello", ask(nodes.get(1), nodes.get(0)));
        }
    }

    @Test
    void whoTidiesUpTooLateTakesNothingFromANodeThatIsAMemberAgain() throws Exception {
        try (Nodes nodes = Nodes.start(2)) {
            HazelcastInstance there = nodes.get(1).member().hazelcast();
            Cluster cluster = there.getCluster();
            Member back = cluster.getMembers().stream()
                    .filter(member -> !member.localMember())
                    .findFirst()
                    .orElseThrow();
            UnhurriedClusterManager manager =
                    (UnhurriedClusterManager) ((VertxInternal) nodes.get(1).vertx()).clusterManager();

            manager.memberRemoved(
                    new MembershipEvent(cluster, back, MembershipEvent.MEMBER_REMOVED, cluster.getMembers()));

            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            while (System.nanoTime() < end) {
                assertTrue(there.getMap(UnhurriedClusterManager.NODES)
                        .containsKey(nodes.get(0).id()));
                Thread.sleep(20);
            }
        }
    }

    @Test
    void nodeOfWhichTheOthersHaveLostSightIsHeardAgain() {
        try (Nodes nodes = Nodes.start(2)) {
            Nodes.Node lost = nodes.get(0);
            HazelcastInstance there = nodes.get(1).member().hazelcast();
            Nodes.await(lost.vertx()
                    .eventBus()
                    .<String>consumer("echo", message -> message.reply(message.body()))
                    .completion());
            assertEquals("hello", request(nodes.get(1), "echo"));

            // What tidying up after a death does
            there.getMultiMap("__vertx.subs").clear();
            there.getMap(UnhurriedClusterManager.NODES).delete(lost.id());

            Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> there.getMap(UnhurriedClusterManager.NODES)
                    .containsKey(lost.id()));
            Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> there.getMultiMap("__vertx.subs")
                    .containsKey("echo"));
            assertEquals("hello", request(nodes.get(1), "echo"));
        }
    }

    @Test
    void nodesOfOneAuthorityTalkAndAStrangerIsNotHeard() throws Exception {
        BusOptions.Tls ours = certificates("ours");
        BusOptions.Tls theirs = certificates("theirs");
        try (Nodes nodes = Nodes.start(0)) {
            Nodes.Node first = nodes.join(ours);
            Nodes.Node second = nodes.join(ours);
            Nodes.Node stranger = nodes.join(theirs);
            Nodes.Node plain = nodes.join(null);
            assertEquals("hello", ask(first, second));
            assertThrows(AssertionError.class, () -> ask(stranger, second));
            assertThrows(AssertionError.class, () -> ask(first, stranger));
            assertThrows(AssertionError.class, () -> ask(plain, second));
            assertEquals("hello", ask(second, first));
        }
    }

    @Test
    void tlsTrustsNobodyButTheAuthorityAndAsksForACertificate() {
        EventBusOptions options = new BusOptions(
                        "10.0.0.1", 5702, new BusOptions.Tls(Path.of("c"), Path.of("k"), Path.of("a")))
                .toVertx();
        assertTrue(options.isSsl());
        assertFalse(options.isTrustAll());
        assertEquals(ClientAuth.REQUIRED, options.getClientAuth());
        assertEquals("10.0.0.1", options.getHost());
        assertEquals(5702, options.getPort());
    }

    @Test
    void busOptionsThatCannotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new BusOptions("", 1, null));
        assertThrows(IllegalArgumentException.class, () -> new BusOptions("127.0.0.1", 65536, null));
        assertThrows(IllegalArgumentException.class, () -> new BusOptions("127.0.0.1", -1, null));
    }

    private static String ask(Nodes.Node from, Nodes.Node to) {
        String address = "echo." + to.id();
        var consumer = to.vertx().eventBus().<String>consumer(address, message -> message.reply(message.body()));
        Nodes.await(consumer.completion());
        try {
            return request(from, address);
        } finally {
            Nodes.await(consumer.unregister());
        }
    }

    private static String request(Nodes.Node from, String address) {
        DeliveryOptions options = new DeliveryOptions().setSendTimeout(TimeUnit.SECONDS.toMillis(3));
        return Nodes.await(from.vertx()
                .eventBus()
                .<String>request(address, "hello", options)
                .map(Message::body));
    }

    /** A certificate that is its own authority. */
    private BusOptions.Tls certificates(String name) throws IOException, InterruptedException {
        Path key = directory.resolve(name + ".key");
        Path certificate = directory.resolve(name + ".crt");
        Process openssl = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=" + name,
                        "-keyout",
                        key.toString(),
                        "-out",
                        certificate.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertEquals(0, openssl.waitFor());
        return new BusOptions.Tls(certificate, key, certificate);
    }
}

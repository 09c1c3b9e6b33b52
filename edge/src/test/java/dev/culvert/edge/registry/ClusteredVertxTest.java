package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import dev.culvert.config.Authorities;
import dev.culvert.edge.testkit.Nodes;
import dev.culvert.edge.testkit.TestAuthority;
import dev.culvert.edge.tls.BusCertificate;
import dev.culvert.edge.tls.KeyAndChain;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.spi.cluster.NodeInfo;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class ClusteredVertxTest {
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
        BusCertificate ours = certificate(new TestAuthority());
        BusCertificate theirs = certificate(new TestAuthority());
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
    void connectionsToAndFromABusThatWasRenewedHaveItsNewCertificateAndThoseThatStandGoOn() throws Exception {
        BusCertificate former = certificate(new TestAuthority());
        BusCertificate newer = certificate(new TestAuthority());
        try (Nodes nodes = Nodes.start(0)) {
            Nodes.Node renewed = nodes.join(former);
            Nodes.Node old = nodes.join(former);
            assertEquals("hello", ask(renewed, old));
            assertEquals("hello", ask(old, renewed));

            Nodes.await(ClusteredVertx.renew(renewed.vertx(), new BusOptions("127.0.0.1", 0, newer)));

            Nodes.Node fresh = nodes.join(newer);
            assertEquals("hello", ask(fresh, renewed));
            assertEquals("hello", ask(renewed, fresh));
            assertEquals("hello", ask(renewed, old));
            assertEquals("hello", ask(old, renewed));
            Nodes.Node late = nodes.join(former);
            assertThrows(AssertionError.class, () -> ask(late, renewed));
            assertThrows(AssertionError.class, () -> ask(renewed, late));
        }
    }

    /** By TLS 1.3 a client hears only when it reads that it was to show one. */
    @Test
    void busThatWasRenewedShowsItsNewCertificateAndStillAsksForOne() throws Exception {
        BusCertificate newer = certificate(new TestAuthority());
        try (Nodes nodes = Nodes.start(0)) {
            Nodes.Node node = nodes.join(certificate(new TestAuthority()));
            SSLContext withoutOne = SSLContext.getInstance("TLS");
            withoutOne.init(null, new TrustManager[] {Authorities.only(newer.authorities())}, null);

            Nodes.await(ClusteredVertx.renew(node.vertx(), new BusOptions("127.0.0.1", 0, newer)));

            NodeInfo bus = ((VertxInternal) node.vertx()).clusterManager().getNodeInfo();
            try (SSLSocket socket = (SSLSocket) withoutOne.getSocketFactory().createSocket(bus.host(), bus.port())) {
                socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(10));
                socket.startHandshake();
                assertThrows(SSLException.class, socket.getInputStream()::read);
            }
        }
    }

    @Test
    void nodesOfTwoAuthoritiesTalkWhileEachTrustsBoth() throws Exception {
        TestAuthority former = new TestAuthority();
        TestAuthority newer = new TestAuthority();
        try (Nodes nodes = Nodes.start(0)) {
            Nodes.Node first = nodes.join(certificate(former, newer));
            Nodes.Node second = nodes.join(certificate(newer, former));
            assertEquals("hello", ask(first, second));
            assertEquals("hello", ask(second, first));
        }
    }

    @Test
    void tlsTrustsNobodyButTheAuthorityAndAsksForACertificate() throws Exception {
        EventBusOptions options = new BusOptions("10.0.0.1", 5702, certificate(new TestAuthority())).toVertx();
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

    /** A node's, of the first of the authorities; it trusts all. */
    private static BusCertificate certificate(TestAuthority... authorities) throws Exception {
        TestAuthority.Issued own = authorities[0].issue("node");
        return new BusCertificate(
                new KeyAndChain(own.key(), List.of(own.certificate())),
                Stream.of(authorities).map(TestAuthority::certificate).toList());
    }
}

package dev.culvert.edge.registry;

import static dev.culvert.edge.registry.Cluster.await;
import static dev.culvert.edge.registry.Requests.host;
import static dev.culvert.edge.registry.Requests.request;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HazelcastMemberTest {
    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        await(vertx.close());
    }

    @Test
    void aNodeAloneListensOnLoopbackAndIsJoinedByNobody() {
        HazelcastMember one = await(HazelcastMember.alone(vertx));
        HazelcastMember two = await(HazelcastMember.alone(vertx));
        try {
            HazelcastInstance hazelcast = one.hazelcast();
            assertTrue(hazelcast
                    .getCluster()
                    .getLocalMember()
                    .getAddress()
                    .getHost()
                    .equals("127.0.0.1"));
            assertEquals("false", hazelcast.getConfig().getProperty("hazelcast.socket.bind.any"));
            assertEquals(1, hazelcast.getCluster().getMembers().size());
            assertEquals(1, two.hazelcast().getCluster().getMembers().size());
            assertNotEquals(one.nodeId(), two.nodeId());
            assertNotEquals(
                    hazelcast.getConfig().getClusterName(),
                    two.hazelcast().getConfig().getClusterName());
        } finally {
            await(one.close(vertx));
            await(two.close(vertx));
        }
        assertFalse(one.hazelcast().getLifecycleService().isRunning());
    }

    @Test
    void theRegistryRunsOnItAndLeavesQuietly() {
        HazelcastMember member = HazelcastMember.alone();
        HazelcastRegistry registry = await(HazelcastRegistry.start(vertx, member, RegistryOptions.DEFAULT));
        Claim claim = new Claim(member.nodeId(), "lane-1", "agent-1");
        assertEquals(
                Set.of(claim),
                await(registry.bind(request("shop", "ann", claim))).tunnel().claims());
        assertEquals("ann", registry.find(host("shop")).owner());
        assertEquals(member.nodeId(), registry.nodeId());
        await(registry.close());
        member.close();
        await(registry.close()); // Twice does no harm.
    }

    @Test
    void clientsOfHazelcastAreTurnedAway() throws Exception {
        HazelcastMember member = HazelcastMember.alone();
        try (Socket client = new Socket("127.0.0.1", member.port())) {
            client.setSoTimeout(20_000);
            client.getOutputStream().write("CP2".getBytes(StandardCharsets.US_ASCII));
            // "Unexpected protocol"
            assertArrayEquals(
                    "HZX".getBytes(StandardCharsets.US_ASCII),
                    client.getInputStream().readNBytes(3));
        } finally {
            member.close();
        }
    }

    /** As a stopped process, whose kernel goes on taking connections (hazelcast#26473). */
    @Test
    void aNodeThatTakesConnectionsAndSaysNothingKeepsNoThreadBusy() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Config config = MemberConfig.beside("off");
            config.setClusterName("silent-" + UUID.randomUUID());
            new MemberNetwork(config).join().getTcpIpConfig().addMember("127.0.0.1:" + silent.getLocalPort());
            CompletableFuture<HazelcastMember> starting = CompletableFuture.supplyAsync(
                    () -> HazelcastMember.start(config), task -> new Thread(task, "starting").start());
            Socket dialled = silent.accept();
            assertArrayEquals(
                    "HZC".getBytes(StandardCharsets.US_ASCII),
                    dialled.getInputStream().readNBytes(3));
            // When the node has waited for an answer for a second
            long before = cpuNanosOfWriters();
            Awaitility.await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
            long busy = cpuNanosOfWriters() - before;
            dialled.close();
            silent.close();
            starting.get(60, TimeUnit.SECONDS).close();
            assertTrue(busy < 500_000_000, "busy for %d ms".formatted(busy / 1_000_000));
        }
    }

    private static long cpuNanosOfWriters() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().contains("IO.thread-out"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId()))
                .sum();
    }
}

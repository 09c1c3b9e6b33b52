package dev.culvert.edge.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.spi.merge.ExpirationTimeMergePolicy;
import com.hazelcast.spi.properties.HazelcastProperties;
import dev.culvert.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemberConfigTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"off", "local", "static", "kubernetes"})
    void noEnvironmentLooksAroundByItselfOrListensWhereItWasNotTold(String environment) {
        Config config = MemberConfig.beside(environment);
        AdvancedNetworkConfig network = config.getAdvancedNetworkConfig();

        assertTrue(network.isEnabled());
        assertFalse(network.getJoin().getMulticastConfig().isEnabled());
        assertFalse(network.getJoin().getAutoDetectionConfig().isEnabled());
        assertEquals(
                Set.of(EndpointQualifier.MEMBER), network.getEndpointConfigs().keySet());
        assertTrue(endpointOf(config).getInterfaces().isEnabled());
        assertEquals("false", config.getProperty("hazelcast.socket.bind.any"));
        assertEquals("false", config.getProperty("hazelcast.phone.home.enabled"));
        assertEquals("false", config.getProperty("hazelcast.shutdownhook.enabled"));
        assertEquals("271", config.getProperty("hazelcast.partition.count"));
        assertEquals(
                OlderOwnershipWins.class.getName(),
                config.getMapConfig(HazelcastRegistry.TUNNELS)
                        .getMergePolicyConfig()
                        .getPolicy());
        assertEquals(
                ExpirationTimeMergePolicy.class.getName(),
                config.getMapConfigs().get(GivenBack.MAP).getMergePolicyConfig().getPolicy());
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "static", "kubernetes"})
    void clustersNoticeASilentDeathSoonAndSurviveTwo(String environment) {
        Config config = MemberConfig.beside(environment);

        assertEquals("1", config.getProperty("hazelcast.heartbeat.interval.seconds"));
        assertEquals("4", config.getProperty("hazelcast.max.no.heartbeat.seconds"));
        assertEquals("10", config.getProperty("hazelcast.merge.first.run.delay.seconds"));
        assertEquals("3", config.getProperty("hazelcast.merge.next.run.delay.seconds"));
        assertEquals(1, endpointOf(config).getSocketLingerSeconds());
        assertEquals("1000", config.getProperty("hazelcast.operation.backup.timeout.millis"));
        assertEquals(2, config.getMapConfig(HazelcastRegistry.TUNNELS).getBackupCount());
        assertEquals(2, config.getMapConfig(GivenBack.MAP).getBackupCount());
        assertEquals(2, config.getMultiMapConfig("__vertx.subs").getBackupCount());
    }

    /** Hazelcast says nothing about a property that it does not know. */
    @ParameterizedTest
    @ValueSource(strings = {"off", "local", "static", "kubernetes"})
    void everyPropertyIsOneThatHazelcastKnows(String environment) throws Exception {
        StringBuilder known = new StringBuilder();
        for (String name : List.of(
                "com.hazelcast.spi.properties.ClusterProperty",
                "com.hazelcast.internal.diagnostics.HealthMonitor",
                "com.hazelcast.client.impl.ClientEngineImpl")) {
            String resource = "/" + name.replace('.', '/') + ".class";
            try (var in = HazelcastProperties.class.getResourceAsStream(resource)) {
                known.append(in == null ? "" : new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
            }
        }
        Properties properties = MemberConfig.beside(environment).getProperties();
        for (String property : properties.stringPropertyNames()) {
            assertTrue(known.indexOf(property) >= 0, property);
        }
    }

    @Test
    void optionsStandWhereTheFileSaysSo() {
        Config config = MemberConfig.of(
                new MemberOptions("static", null, "berlin", "10.0.0.5", 5801, List.of("10.0.0.6:5801", "node-7")));

        assertEquals("berlin", config.getClusterName());
        assertEquals(5801, endpointOf(config).getPort());
        assertEquals(
                List.of("10.0.0.5"),
                List.copyOf(endpointOf(config).getInterfaces().getInterfaces()));
        assertEquals(
                List.of("10.0.0.6:5801", "node-7"),
                config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig().getMembers());
    }

    @Test
    void optionsStandInAnOperatorsFileOfEitherKind() throws IOException {
        Path file = folder.resolve("cluster.yaml");
        Files.writeString(file, "hazelcast:\n  network:\n    port:\n      port: 6000\n      auto-increment: true\n");
        NetworkConfig network = MemberConfig.of(
                        new MemberOptions("", file, null, "10.0.0.5", 0, List.of("10.0.0.6:5801")))
                .getNetworkConfig();
        assertEquals(0, network.getPort());
        assertFalse(network.isPortAutoIncrement());
        assertEquals(List.of("10.0.0.5"), List.copyOf(network.getInterfaces().getInterfaces()));
        assertEquals(
                List.of("10.0.0.6:5801"), network.getJoin().getTcpIpConfig().getMembers());

        ServerSocketEndpointConfig endpoint =
                endpointOf(MemberConfig.of(new MemberOptions("local", null, null, null, 0, List.of())));
        assertEquals(0, endpoint.getPort());
        assertFalse(endpoint.isPortAutoIncrement());
        assertTrue(endpointOf(MemberConfig.of(new MemberOptions("local", null, null, null, 5801, List.of())))
                .isPortAutoIncrement());
    }

    @Test
    void kubernetesLooksForThePodsOfAServiceByName() {
        MemberOptions options =
                new MemberOptions("kubernetes", null, "berlin", "10.1.2.3", 5801, List.of("edges.tunnels.svc"));

        var kubernetes = new MemberNetwork(MemberConfig.of(options)).join().getKubernetesConfig();

        assertTrue(kubernetes.isEnabled());
        assertEquals("edges.tunnels.svc", kubernetes.getProperty("service-dns"));
        assertEquals("5801", kubernetes.getProperty("service-port"));
        assertEquals(
                "culvert-nodes",
                new MemberNetwork(MemberConfig.beside("kubernetes"))
                        .join()
                        .getKubernetesConfig()
                        .getProperty("service-dns"));
    }

    @Test
    void anOperatorsFileStaysAsItIsWhereNoOptionIsGiven() throws IOException {
        Path file = folder.resolve("cluster.yaml");
        Files.writeString(file, "hazelcast:\n  cluster-name: ours\n  network:\n    port:\n      port: 6000\n");

        Config config = MemberConfig.of(new MemberOptions("", file, null, null, null, List.of()));
        Config named = MemberConfig.of(new MemberOptions("", file, "theirs", null, null, List.of()));

        assertEquals("ours", config.getClusterName());
        assertEquals(6000, config.getNetworkConfig().getPort());
        assertEquals("theirs", named.getClusterName());
    }

    @Test
    void whatIsNoFileOfHazelcastsIsRefusedInWords() throws IOException {
        Path absent = folder.resolve("sttaic");
        Path nonsense = Files.writeString(folder.resolve("nonsense.yaml"), "hazelcast:\n  nonsense: 1\n");

        assertTrue(fault(absent).contains("none of off, local, static and kubernetes"), fault(absent));
        assertTrue(fault(nonsense).startsWith("--cluster: " + nonsense), fault(nonsense));
        assertEquals("--cluster: %s is a folder, not a file".formatted(folder), fault(folder));
    }

    private static String fault(Path file) {
        MemberOptions options = new MemberOptions("", file, null, null, null, List.of());
        return String.valueOf(assertThrows(ConfigException.class, () -> MemberConfig.of(options))
                .getMessage());
    }

    private static ServerSocketEndpointConfig endpointOf(Config config) {
        return (ServerSocketEndpointConfig)
                config.getAdvancedNetworkConfig().getEndpointConfigs().get(EndpointQualifier.MEMBER);
    }
}

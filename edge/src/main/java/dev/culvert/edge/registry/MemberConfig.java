package dev.culvert.edge.registry;

import com.hazelcast.config.Config;
import com.hazelcast.config.InvalidConfigurationException;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.KubernetesConfig;
import com.hazelcast.config.YamlConfigBuilder;
import dev.culvert.config.ConfigException;
import dev.culvert.config.FileFaults;
import dev.culvert.config.SmallFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads Hazelcast's settings, and puts a node's own options into them. */
final class MemberConfig {
    private static final String SERVICE = "service-dns";

    private MemberConfig() {}

    /**
     * The settings of a node. Blocks.
     *
     * @throws ConfigException when the operator's file cannot be read, or is none
     */
    static Config of(MemberOptions options) {
        Path file = options.file();
        Config config = file == null ? beside(options.environment()) : read(file);
        if (options.clusterName() != null) {
            config.setClusterName(options.clusterName());
        }
        MemberNetwork network = new MemberNetwork(config);
        if (options.host() != null) {
            network.interfaces().setEnabled(true).setInterfaces(List.of(options.host()));
            if (options.host().contains(":")) {
                config.setProperty("hazelcast.prefer.ipv4.stack", "false");
            }
        }
        if (options.port() != null) {
            network.setPort(options.port());
        }
        join(options.join(), options.port(), network.join());
        return config;
    }

    /** Settings that lie beside the code. */
    static Config beside(String environment) {
        String resource = "/dev/culvert/cluster/%s.yaml".formatted(environment);
        logThroughSlf4j();
        try (InputStream yaml = MemberConfig.class.getResourceAsStream(resource)) {
            if (yaml == null) {
                throw new IllegalStateException("the configuration %s is missing from the jar".formatted(resource));
            }
            return new YamlConfigBuilder(yaml).build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Config read(Path file) {
        logThroughSlf4j();
        try {
            byte[] yaml = SmallFile.bytes(file, SmallFile.LARGEST_BYTES);
            return new YamlConfigBuilder(new ByteArrayInputStream(yaml)).build();
        } catch (NoSuchFileException e) {
            throw new ConfigException(
                    "--cluster: there is no file %s, and it is none of off, local, static and kubernetes"
                            .formatted(file));
        } catch (IOException e) {
            throw new ConfigException("--cluster: " + FileFaults.sentence(file, e));
        } catch (InvalidConfigurationException e) {
            throw new ConfigException(
                    "--cluster: %s is no Hazelcast configuration: %s".formatted(file, e.getMessage()));
        }
    }

    private static void join(List<String> join, @Nullable Integer port, JoinConfig config) {
        KubernetesConfig kubernetes = config.getKubernetesConfig();
        if (kubernetes.isEnabled()) {
            if (!join.isEmpty()) {
                kubernetes.setProperty(SERVICE, join.get(0));
            }
            if (port != null) {
                kubernetes.setProperty("service-port", String.valueOf(port));
            }
        } else if (!join.isEmpty()) {
            config.getTcpIpConfig().setEnabled(true).setMembers(join);
        }
    }

    /** Hazelcast logs before it has read where to. */
    private static void logThroughSlf4j() {
        if (System.getProperty("hazelcast.logging.type") == null) {
            System.setProperty("hazelcast.logging.type", "slf4j");
        }
    }
}

package dev.culvert.edge;

import dev.culvert.config.ConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which other edges this one shares its names with, and how they reach each other.
 *
 * @param environment how the nodes find each other (option {@code --cluster}, default {@code off}): {@code off} for an
 *     edge alone, {@code local} for several on this machine, {@code static} for a list of them, {@code kubernetes} for
 *     the pods of a headless Service, or the name of a file with Hazelcast's settings
 * @param name nodes meet only where they agree on it (option {@code --cluster-name}, default {@code culvert}); to be said
 *     beyond loopback, so that no two clusters on one network become one by accident
 * @param host the address of this machine by which other nodes reach it (option {@code --cluster-host}, default
 *     {@code --bind}, or 127.0.0.1 for {@code local}): on a private network. With {@code kubernetes} the pod's address,
 *     which it finds by itself
 * @param port where Hazelcast listens (option {@code --cluster-port}, default 5701); 0 picks a free port, which others
 *     must be told. With {@code local} the first of ten that are tried
 * @param busPort where the event bus listens, which carries visitors' bytes between nodes (option {@code --bus-port},
 *     default 5702, or a free one for {@code local}); 0 picks a free port, which the other nodes find out by themselves
 * @param join where other nodes are (option {@code --join}, default none): {@code HOST} or {@code HOST:PORT} with commas
 *     between them, the same list on all nodes; with {@code kubernetes} the name of the headless Service
 * @param busTls the folder with this node's certificate for the event bus, made by {@code cluster-config/make-authority}
 *     (option {@code --bus-tls}, default none): {@code node.crt}, {@code node.key} and {@code authority.crt},
 *     read again when they change. Without it visitors' bytes are in plaintext between nodes
 */
public record ClusterOptions(
        String environment,
        @Nullable String name,
        @Nullable String host,
        @Nullable Integer port,
        @Nullable Integer busPort,
        List<String> join,
        @Nullable Path busTls) {

    /** Alone. */
    public static final ClusterOptions OFF = new ClusterOptions("off", null, null, null, null, List.of(), null);

    static final int DEFAULT_PORT = 5701;

    private static final int DEFAULT_BUS_PORT = 5702;

    /** A host name, IPv4, or IPv6 in brackets; then perhaps a port. */
    private static final Pattern ADDRESS = Pattern.compile("(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?");

    /** Those that have a file beside the code. */
    private static final Set<String> OURS = Set.of("local", "static", "kubernetes");

    public ClusterOptions {
        join = List.copyOf(join);
        if (environment.equals("off") && !join.isEmpty()) {
            throw new ConfigException("--join names other nodes, but --cluster is off: leave one of the two out");
        }
        if (environment.equals("local") && !join.isEmpty()) {
            throw new ConfigException(
                    "--join names other nodes, but --cluster local looks for them on this machine: use --cluster static");
        }
        if (environment.equals("kubernetes") && join.size() > 1) {
            throw new ConfigException("--join names one headless Service with --cluster kubernetes, was " + join);
        }
        requirePort("--cluster-port", port);
        requirePort("--bus-port", busPort);
        if (port != null && port != 0 && port.equals(busPort)) {
            throw new ConfigException(
                    "--cluster-port and --bus-port are both %d: two ports are needed".formatted(port));
        }
    }

    /** Several edges on this machine, in a cluster of their own. */
    public static ClusterOptions local(String name) {
        return new ClusterOptions("local", name, null, null, null, List.of(), null);
    }

    /** A node on loopback with free ports that joins others there; for tests and for programs that embed edges. */
    public static ClusterOptions onLoopback(String name, List<String> join) {
        return new ClusterOptions("static", name, "127.0.0.1", 0, 0, join, null);
    }

    /** The same with certificates for the event bus. */
    public ClusterOptions withBusTls(@Nullable Path folder) {
        return new ClusterOptions(environment, name, host, port, busPort, join, folder);
    }

    /** Whether there are others at all. */
    public boolean isOn() {
        return !environment.equals("off");
    }

    /** The operator's file; null where the settings beside the code are meant. */
    @Nullable
    Path file() {
        return OURS.contains(environment) ? null : Path.of(environment);
    }

    /** Where Hazelcast is to listen; null for what the operator's file says. */
    @Nullable
    Integer portOrDefault() {
        return port != null || file() != null ? port : Integer.valueOf(DEFAULT_PORT);
    }

    int busPortOrDefault() {
        if (busPort != null) {
            return busPort;
        }
        return environment.equals("local") ? 0 : DEFAULT_BUS_PORT;
    }

    /** A list of addresses, with the port that all have by default. */
    static List<String> addresses(String text) {
        List<String> addresses = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            String address = one.strip();
            Matcher parts = ADDRESS.matcher(address);
            if (!parts.matches()) {
                throw new ConfigException(
                        "must be addresses with commas between them, like 10.0.0.5:5701,10.0.0.6:5701, was " + text);
            }
            String port = parts.group(1);
            if (port != null && (Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65535)) {
                throw new ConfigException("must have ports from 1 to 65535, was " + text);
            }
            addresses.add(address);
        }
        return addresses;
    }

    private static void requirePort(String option, @Nullable Integer port) {
        if (port != null && (port < 0 || port > 65535)) {
            throw new ConfigException("%s must be 0 to 65535, was %d".formatted(option, port));
        }
    }
}

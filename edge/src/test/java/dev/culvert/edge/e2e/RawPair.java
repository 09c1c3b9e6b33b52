package dev.culvert.edge.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/**
 * Two edges of one cluster with the same TCP ports, as two machines have them: one on 127.0.0.1, where agents come in,
 * and one on 127.0.0.2, whose visitors are all relayed.
 *
 * @param ports the first of {@link #PORTS} ports that both have
 */
record RawPair(RunningEdge near, RunningEdge far, int ports) {
    /** How many ports for raw TCP there are. */
    static final int PORTS = 10;

    /** Where visitors reach the node that has the agents. */
    static final String NEAR = "127.0.0.1";

    /** Where visitors reach the other one. */
    static final String FAR = "127.0.0.2";

    static RawPair start(Stage stage) throws IOException {
        int ports = freePorts(PORTS);
        int nearCluster = freePorts(1);
        int farCluster = freePorts(1);
        String join = "127.0.0.1:%d,127.0.0.1:%d".formatted(nearCluster, farCluster);
        List<String> cluster = List.of(
                "--cluster", "static", "--cluster-name", "raw-" + UUID.randomUUID(), "--cluster-host", "127.0.0.1");
        Program near = start(stage, NEAR, nearCluster, join, ports, cluster);
        Program far = start(stage, FAR, farCluster, join, ports, cluster);
        RawPair pair = new RawPair(RunningEdge.of(near, "localhost"), RunningEdge.of(far, "localhost"), ports);
        RunningCluster.awaitNodes(pair.near, 2);
        RunningCluster.awaitNodes(pair.far, 2);
        return pair;
    }

    /** The option that gives edges these ports. */
    static List<String> option(int first) {
        return List.of("--tcp-ports", first + "-" + (first + PORTS - 1));
    }

    private static Program start(
            Stage stage, String bind, int clusterPort, String join, int ports, List<String> cluster)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("edge", "--bind", bind, "--join", join));
        arguments.addAll(List.of("--http-port", "0", "--lane-port", "0", "--admin-port", "0", "--bus-port", "0"));
        arguments.addAll(List.of("--cluster-port", "" + clusterPort));
        arguments.addAll(cluster);
        arguments.addAll(option(ports));
        return stage.culvert("edge", Map.of(), arguments.toArray(String[]::new));
    }

    /** Ports in a row that nobody has on either address, below those that the kernel hands out. */
    private static int freePorts(int count) {
        return IntStream.generate(() -> ThreadLocalRandom.current().nextInt(10_000, 32_000 - count))
                .limit(1000)
                .filter(first ->
                        IntStream.range(first, first + count).allMatch(port -> isFree(NEAR, port) && isFree(FAR, port)))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isFree(String address, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName(address), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}

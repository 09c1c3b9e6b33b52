package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Edges of one cluster on this machine, each a process of its own: {@code culvert edge --cluster static}. Each has its
 * place, with ports that it keeps when it is started again; a place may be empty. For one thread.
 */
final class RunningCluster {
    /** So many for each JVM that runs tests: none takes what another has found free and not used yet. */
    private static final int PORTS = 6_000;

    /**
     * Ports are taken below those that the kernel hands out to outgoing connections: one of them could otherwise have the
     * port of a node that is down for a moment.
     */
    private static final int FIRST_PORT = 20_000 + (Integer.getInteger("culvert.fork", 1) - 1) % 2 * PORTS;

    private static final Pattern NODES = Pattern.compile("\\bnodes=(\\d+)");

    private final Stage stage;
    private final String name = "test-" + UUID.randomUUID();
    private final List<Place> places;
    private final List<String> more;
    private final Map<Integer, RunningEdge> running = new LinkedHashMap<>();

    /**
     * The ports of a node.
     *
     * @param cluster Hazelcast's
     * @param bus the event bus's
     */
    record Place(int http, int lane, int admin, int cluster, int bus) {
        private static Place free(Set<Integer> taken) {
            return new Place(freePort(taken), freePort(taken), freePort(taken), freePort(taken), freePort(taken));
        }
    }

    private RunningCluster(Stage stage, List<Place> places, List<String> more) {
        this.stage = stage;
        this.places = places;
        this.more = more;
    }

    /** Places for so many nodes, all empty; {@code more} is said to each of them when it is started. */
    static RunningCluster of(Stage stage, int places, String... more) {
        Set<Integer> taken = new HashSet<>();
        return new RunningCluster(
                stage,
                IntStream.range(0, places).mapToObj(i -> Place.free(taken)).toList(),
                List.of(more));
    }

    /** The same places, all empty, for nodes that are told something else. */
    RunningCluster with(String... others) {
        return new RunningCluster(stage, places, List.of(others));
    }

    /** So many nodes, started at once, ready, and knowing each other. */
    static RunningCluster start(Stage stage, int nodes, String... more) throws IOException {
        RunningCluster cluster = of(stage, nodes, more);
        cluster.start(IntStream.range(0, nodes).toArray());
        return cluster;
    }

    /** Starts the nodes of these places at once, and waits until they are ready and all that run know each other. */
    void start(int... which) throws IOException {
        Map<Integer, Program> starting = new LinkedHashMap<>();
        for (int place : which) {
            starting.put(place, launch(place));
        }
        starting.forEach((place, program) -> running.put(place, RunningEdge.of(program, "localhost")));
        awaitNodes();
    }

    /** Starts the node of a place, and waits for nothing. */
    Program launch(int place) throws IOException {
        return stage.culvert("edge-" + place, Map.of(), arguments(place).toArray(String[]::new));
    }

    /** What {@code culvert} is told to run the node of a place. */
    List<String> arguments(int place) {
        Place ports = places.get(place);
        List<String> arguments = new ArrayList<>(List.of("edge", "--cluster", "static", "--cluster-name", name));
        arguments.addAll(List.of("--join", join(), "--node-id", "node-" + place));
        arguments.addAll(List.of("--http-port", "" + ports.http(), "--lane-port", "" + ports.lane()));
        arguments.addAll(List.of("--admin-port", "" + ports.admin(), "--cluster-port", "" + ports.cluster()));
        arguments.addAll(List.of("--bus-port", "" + ports.bus()));
        arguments.addAll(more);
        return arguments;
    }

    /** The node of a place; it runs. */
    RunningEdge node(int place) {
        RunningEdge node = running.get(place);
        if (node == null) {
            throw new AssertionError("no node runs at place " + place);
        }
        return node;
    }

    /** Whether a node runs at a place. */
    boolean isRunning(int place) {
        return running.containsKey(place);
    }

    /** All that run, in the order in which they were started. */
    List<RunningEdge> nodes() {
        return List.copyOf(running.values());
    }

    /** The ports of all places, whether or not a node runs there. */
    List<Place> places() {
        return places;
    }

    /** Asks a node to end as its operator does, waits for its end, and tells its exit code. Its place is empty then. */
    int stop(int place) throws IOException {
        RunningEdge node = node(place);
        node.program().terminate();
        int exitCode = node.program().exitCode();
        running.remove(place);
        return exitCode;
    }

    /** Ends a node without a chance to say anything: {@code kill -9}. Its place is empty then. */
    void kill(int place) {
        node(place).program().kill();
        running.remove(place);
    }

    /** Waits until each that runs knows all that run, and nobody else. */
    void awaitNodes() {
        running.values().forEach(node -> awaitNodes(node, running.size()));
    }

    /** Waits until a node knows so many, itself included. */
    static void awaitNodes(RunningEdge node, int count) {
        Awaitility.await()
                .atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertEquals(count, nodesKnownTo(node.program())));
    }

    /** The places of the nodes that hold a tunnel, as one of the nodes knows them. */
    List<Integer> holdersOf(String tunnel) throws IOException {
        List<String> holders = nodes().get(0).nodesOf(tunnel);
        return running.entrySet().stream()
                .filter(node -> holders.contains(node.getValue().nodeId()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A place whose node runs and does not hold a tunnel: its visitors are relayed. */
    int placeWithout(String tunnel) throws IOException {
        List<Integer> holders = holdersOf(tunnel);
        return running.keySet().stream()
                .filter(place -> !holders.contains(place))
                .findFirst()
                .orElseThrow(() -> new AssertionError("all nodes hold " + tunnel));
    }

    /** What it said last of the size of its cluster. */
    static int nodesKnownTo(Program node) {
        return node.err().lines().stream()
                .map(NODES::matcher)
                .filter(Matcher::find)
                .map(found -> Integer.parseInt(found.group(1)))
                .reduce(0, (before, after) -> after);
    }

    private String join() {
        return places.stream().map(place -> "127.0.0.1:" + place.cluster()).collect(Collectors.joining(","));
    }

    private static int freePort(Set<Integer> taken) {
        return Stream.generate(() -> ThreadLocalRandom.current().nextInt(FIRST_PORT, FIRST_PORT + PORTS))
                .filter(port -> isFree(port) && taken.add(port))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort() == port;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "cluster " + name + " of " + Arrays.toString(running.keySet().toArray());
    }
}

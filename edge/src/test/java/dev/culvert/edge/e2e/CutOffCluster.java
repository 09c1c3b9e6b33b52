package dev.culvert.edge.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** Edges of one cluster, each on a machine of its own that can be cut off from the others. For one thread. */
final class CutOffCluster {
    /** Each machine has all ports to itself, so these are the defaults. */
    static final int BUS_PORT = 5702;

    private static final int HTTP_PORT = 7080;
    private static final int LANE_PORT = 7070;
    private static final int ADMIN_PORT = 7090;
    private static final int CLUSTER_PORT = 5701;
    private static final String ADMIN_TOKEN = "a-token-of-the-tests";
    private static final Pattern NODE = Pattern.compile("\\bnode=(\\S+)");

    private final Stage stage;
    private final Namespaces machines;
    private final String name = "test-" + UUID.randomUUID();
    private final Node[] nodes;

    /** An edge that runs on a machine. */
    record Node(Program program, Namespaces.Machine machine) {
        /** What {@code --edge} takes, together with {@code --insecure}. */
        String lanes() {
            return machine.front() + ":" + LANE_PORT;
        }

        int lanePort() {
            return LANE_PORT;
        }

        /** What a visitor of a tunnel writes into Host. */
        static String host(String tunnel) {
            return tunnel + ".localhost:" + HTTP_PORT;
        }

        /** A visitor connection. */
        Visitor visitor() throws IOException {
            return Visitor.to(machine.front(), HTTP_PORT);
        }

        /** One visitor's GET. */
        Answer get(String tunnel, String path) throws IOException {
            try (Visitor visitor = visitor()) {
                return visitor.get(host(tunnel), path).answer();
            }
        }

        /** All tunnels, as the admin API lists them. */
        JsonArray tunnels() throws IOException {
            try (Visitor operator = Visitor.to(machine.front(), ADMIN_PORT)) {
                String head = "GET /api/v1/tunnels HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n";
                return new JsonArray(operator.send(head.formatted(machine.front(), ADMIN_TOKEN))
                        .answer()
                        .body());
            }
        }

        /** The ids of the nodes that hold a tunnel; empty also where there is no such tunnel. */
        List<String> nodesOf(String tunnel) throws IOException {
            return tunnels().stream()
                    .map(JsonObject.class::cast)
                    .filter(known -> known.getString("name").equals(tunnel))
                    .flatMap(known -> known.getJsonArray("holders").stream())
                    .map(holder -> ((JsonObject) holder).getString("node"))
                    .sorted()
                    .distinct()
                    .toList();
        }

        /** Its id since this start, as in claims. */
        String id() {
            return program.err().lines().stream()
                    .map(NODE::matcher)
                    .filter(found -> found.find())
                    .map(found -> found.group(1))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("it never said its id" + program.said()));
        }
    }

    private CutOffCluster(Stage stage, Namespaces machines) {
        this.stage = stage;
        this.machines = machines;
        this.nodes = new Node[machines.all().size()];
    }

    /** So many nodes, started at once, ready, and knowing each other. */
    static CutOffCluster start(Stage stage, int count) throws IOException {
        Files.writeString(stage.folder().resolve("admin-token"), ADMIN_TOKEN);
        CutOffCluster cluster = new CutOffCluster(stage, Namespaces.open(stage, count));
        List<Program> starting = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            starting.add(cluster.launch(i));
        }
        for (int i = 0; i < count; i++) {
            cluster.ready(i, starting.get(i));
        }
        cluster.awaitWhole();
        return cluster;
    }

    /** Starts a node on a machine, under the label that the one before it had, and waits until it is ready. */
    Node start(int index) throws IOException {
        return ready(index, launch(index));
    }

    Node node(int index) {
        return nodes[index];
    }

    List<Node> nodes() {
        return List.of(nodes);
    }

    /** {@code culvert http} for the target, with its lanes at one node. */
    RunningAgent agent(String home, Node node, int target, String... more) throws IOException {
        return agent(home, node.lanes(), target, more);
    }

    /** The same through a balancer. */
    RunningAgent agent(String home, String edge, int target, String... more) throws IOException {
        String[] arguments =
                Stream.concat(Stream.of("--insecure"), Arrays.stream(more)).toArray(String[]::new);
        return RunningAgent.start(stage, home, Map.of(), edge, "" + target, arguments);
    }

    /** Waits until each node has said that it knows all. */
    void awaitWhole() {
        awaitKnown(nodes.length, nodes);
    }

    /** Waits until each of these nodes has said last that it knows so many. */
    static void awaitKnown(int count, Node... nodes) {
        for (Node node : nodes) {
            Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .untilAsserted(() -> assertEquals(
                            count,
                            RunningCluster.nodesKnownTo(node.program()),
                            () -> "nodes known to " + node.machine()));
        }
    }

    private Node ready(int index, Program program) {
        program.out().await("(?i)admin\\D.*?:(\\d+)");
        nodes[index] = new Node(program, machines.get(index));
        return nodes[index];
    }

    private Program launch(int index) throws IOException {
        Namespaces.Machine machine = machines.get(index);
        Path token = stage.folder().resolve("admin-token");
        String join = machines.all().stream()
                .map(other -> other.back() + ":" + CLUSTER_PORT)
                .collect(Collectors.joining(","));
        List<String> command = new ArrayList<>(List.of(Checkout.launcher().toString(), "edge"));
        command.addAll(List.of("--bind", machine.front(), "--allow-anonymous", "--insecure"));
        command.addAll(List.of("--admin-bind", machine.front(), "--admin-token-file", token.toString()));
        command.addAll(List.of("--cluster", "static", "--cluster-name", name, "--join", join));
        command.addAll(List.of("--cluster-host", machine.back(), "--node-id", "node-" + index));
        return stage.keep(Program.start(
                "culvert edge " + index,
                stage.folder(),
                Map.of("CULVERT_HOME", stage.folder("edges").toString()),
                machine.here(command)));
    }
}

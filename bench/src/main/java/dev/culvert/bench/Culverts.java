package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Chains of Culvert's own: an agent, and one edge or two. All with the launcher's JVM options, as users run it. */
final class Culverts {
    private static final String NAME = "bench";

    /** How many tunnels an idle agent has at most: an edge takes 2,000 of each. */
    private static final int MOST_NAMES = 2000;

    private final Path launcher;
    private final Path folder;
    private final int target;
    private final Map<String, String> environment;

    /**
     * Chains that end at a target.
     *
     * @param launcher the checkout's {@code culvert}
     * @param eventLoops of each program; 0 for the default, one a core
     */
    Culverts(Path launcher, Path folder, int target, int eventLoops) {
        this.launcher = launcher;
        this.folder = folder;
        this.target = target;
        this.environment = Map.of(
                "CULVERT_HOME",
                folder.resolve("home").toString(),
                "CULVERT_JAVA_OPTS",
                eventLoops == 0 ? "" : "-XX:ActiveProcessorCount=" + eventLoops);
    }

    /** HTTP through one edge. */
    Chain http(String name) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        Edge edge = edge(chain, List.of());
        agent(chain, edge);
        return chain.enteredAt("http://127.0.0.1:" + edge.http(), NAME + ".localhost");
    }

    /** HTTP into an edge that has no lane to the agent, and through another that has. */
    Chain relayedHttp(String name) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        int first = Ports.free();
        int second = Ports.free();
        String join = "127.0.0.1:%d,127.0.0.1:%d".formatted(first, second);
        Edge holder = edge(chain, cluster(first, join));
        Edge entry = edge(chain, cluster(second, join));
        agent(chain, holder);
        return chain.enteredAt("http://127.0.0.1:" + entry.http(), NAME + ".localhost");
    }

    /** HTTP through one edge that has other tunnels too, whose agents have nothing to do. */
    Chain crowded(String name, int tunnels) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        Edge edge = edge(chain, List.of());
        agent(chain, edge);
        for (int first = 1; first < tunnels; first += MOST_NAMES) {
            idle(chain, edge, first, Math.min(tunnels, first + MOST_NAMES));
        }
        return chain.enteredAt("http://127.0.0.1:" + edge.http(), NAME + ".localhost");
    }

    private void idle(Chain chain, Edge edge, int first, int end) throws IOException, InterruptedException {
        String lines = IntStream.range(first, end)
                .mapToObj(i -> "  t%1$d: {target: %2$d, name: t%1$d}\n".formatted(i, target))
                .collect(Collectors.joining());
        Path file = Files.writeString(
                folder.resolve("tunnels-%d-%d.yaml".formatted(edge.http(), first)),
                "edge: 127.0.0.1:%d\njson: true\nlanes: 1\ntunnels:\n%s".formatted(edge.lane(), lines));
        chain.keep(Child.start(
                        "agent",
                        folder,
                        environment,
                        List.of(launcher.toString(), "start", "--config", file.toString())))
                .awaitCount("\"event\":\"online\"", end - first);
    }

    private record Edge(int http, int lane, int admin) {}

    private List<String> cluster(int port, String join) throws IOException {
        return List.of(
                "--cluster",
                "static",
                "--cluster-name",
                "bench",
                "--join",
                join,
                "--cluster-port",
                "" + port,
                "--bus-port",
                "" + Ports.free());
    }

    private Edge edge(Chain chain, List<String> more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(launcher.toString(), "edge", "--http-port", "0", "--lane-port", "0", "--admin-port", "0"));
        command.addAll(more);
        Child edge = chain.keep(Child.start("edge", folder, environment, command));
        return new Edge(port(edge, "visitors"), port(edge, "agents"), port(edge, "admin"));
    }

    private void agent(Chain chain, Edge edge) throws IOException, InterruptedException {
        chain.keep(Child.start(
                        "agent",
                        folder,
                        environment,
                        List.of(
                                launcher.toString(),
                                "http",
                                "" + target,
                                "--name",
                                NAME,
                                "--lanes",
                                "1",
                                "--edge",
                                "127.0.0.1:" + edge.lane())))
                .await("Online");
    }

    private static int port(Child edge, String what) throws IOException, InterruptedException {
        return Integer.parseInt(edge.await("(?i)" + what + "\\D[^\n]*?:(\\d+)").group(1));
    }
}

package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Chains of Culvert's own: an agent, and one edge or two. All with the launcher's JVM options, as users run it. */
final class Culverts {
    private static final String NAME = "bench";

    /** A second address of this machine, which Linux has without being told. */
    private static final String OTHER_ADDRESS = "127.0.0.2";

    /** How many tunnels an idle agent has at most: an edge takes 2,000 of each. */
    private static final int MOST_NAMES = 2000;

    private final Path launcher;
    private final Path folder;
    private final int target;
    private final Pem pem;
    private final String javaOptions;
    private final List<String> edgeOptions;

    /**
     * Chains that end at a target.
     *
     * @param launcher the checkout's {@code culvert}
     * @param javaOptions after the launcher's own; empty for none, whatever the bench itself was started with
     */
    Culverts(Path launcher, Path folder, int target, Pem pem, String javaOptions) {
        this(launcher, folder, target, pem, javaOptions, List.of());
    }

    private Culverts(Path launcher, Path folder, int target, Pem pem, String javaOptions, List<String> edgeOptions) {
        this.launcher = launcher;
        this.folder = folder;
        this.target = target;
        this.pem = pem;
        this.javaOptions = javaOptions;
        this.edgeOptions = edgeOptions;
    }

    /** The same with so many event loops in each edge. */
    Culverts withEventLoops(int number) {
        return new Culverts(launcher, folder, target, pem, javaOptions, List.of("--event-loops", "" + number));
    }

    /** The same with another target. */
    Culverts to(int port) {
        return new Culverts(launcher, folder, port, pem, javaOptions, edgeOptions);
    }

    /** How visitors come in. */
    enum Entry {
        HTTP,
        HTTPS,
        /** And the target speaks HTTP/2. */
        HTTPS_TO_HTTP2,
        TCP
    }

    /** What lies between agents and edges. */
    interface Way {
        /** The port that leads to the lanes' doors of these edges. */
        int to(List<Integer> lanePorts) throws IOException;
    }

    /** Through one edge. */
    Chain single(String name, Entry entry) throws IOException, InterruptedException {
        return single(name, entry, ports -> ports.get(0));
    }

    /** Through one edge that the agent reaches in such a way. */
    Chain single(String name, Entry entry, Way way) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        Edge edge = edge(chain, options(entry));
        return entered(chain, entry, edge, new Edge(edge.visitors(), way.to(List.of(edge.lane()))));
    }

    /** Through either of two edges, which the agent reaches in such a way, by a lane or two. */
    Pair pair(String name, int lanes, Way way) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        int first = Ports.free();
        int second = Ports.free();
        String join = "127.0.0.1:%d,127.0.0.1:%d".formatted(first, second);
        Edge one = edge(chain, joined(options(Entry.HTTP), cluster(first, join)));
        Edge other = edge(chain, joined(options(Entry.HTTP), cluster(second, join)));
        String port = "127.0.0.1:" + way.to(List.of(one.lane(), other.lane()));
        Child agent = chain.keep(
                culvert(List.of("http", "" + target, "--name", NAME, "--lanes", "" + lanes, "--edge", port, "--json")));
        agent.await("\"event\":\"online\"");
        String host = NAME + ".localhost";
        chain.enteredAt("http://127.0.0.1:" + one.visitors(), host);
        return new Pair(chain, new Chain(name).enteredAt("http://127.0.0.1:" + other.visitors(), host));
    }

    /**
     * Two doors to one target.
     *
     * @param first has the agent's first lane, and the processes
     * @param other has the second lane, if there is one
     */
    record Pair(Chain first, Chain other) {}

    /** Into an edge that has no lane to the agent, and through another that has. */
    Chain relayed(String name, Entry entry) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        int first = Ports.free();
        int second = Ports.free();
        String join = "127.0.0.1:%d,127.0.0.1:%d".formatted(first, second);
        List<String> options = options(entry);
        Edge holder = edge(chain, joined(options, cluster(first, join)));
        // Both have the same ports for TCP, and so each an address of its own.
        Edge visited = edge(chain, joined(joined(options, cluster(second, join)), List.of("--bind", OTHER_ADDRESS)));
        return entered(chain, entry, visited, holder);
    }

    private Chain entered(Chain chain, Entry entry, Edge visited, Edge holder)
            throws IOException, InterruptedException {
        String address = visited.visitors() == holder.visitors() ? "127.0.0.1" : OTHER_ADDRESS;
        if (entry == Entry.TCP) {
            String port =
                    agent(chain, holder, "tcp").await("tcp://\\S+?:(\\d+)").group(1);
            return chain.enteredAt("http://%s:%s".formatted(address, port), "localhost");
        }
        agent(chain, holder, entry == Entry.HTTPS_TO_HTTP2 ? "http2" : "http", "--name", NAME)
                .await("Online");
        String scheme = entry == Entry.HTTP ? "http" : "https";
        return chain.enteredAt("%s://%s:%d".formatted(scheme, address, visited.visitors()), NAME + ".localhost");
    }

    private List<String> options(Entry entry) throws IOException {
        int tcp = Ports.free();
        return switch (entry) {
            case HTTP -> List.of("--http-port", "0");
            case HTTPS, HTTPS_TO_HTTP2 -> pem.edgeOptions();
            case TCP -> List.of("--http-port", "0", "--tcp-ports", tcp + "-" + tcp);
        };
    }

    private static List<String> joined(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    /** HTTP through one edge that has other tunnels too, whose agents have nothing to do. */
    Chain crowded(String name, int tunnels) throws IOException, InterruptedException {
        Chain chain = new Chain(name);
        Edge edge = edge(chain, options(Entry.HTTP));
        agent(chain, edge, "http", "--name", NAME).await("Online");
        for (int first = 1; first < tunnels; first += MOST_NAMES) {
            idle(chain, edge, first, Math.min(tunnels, first + MOST_NAMES));
        }
        return chain.enteredAt("http://127.0.0.1:" + edge.visitors(), NAME + ".localhost");
    }

    private void idle(Chain chain, Edge edge, int first, int end) throws IOException, InterruptedException {
        String lines = IntStream.range(first, end)
                .mapToObj(i -> "  t%1$d: {target: %2$d, name: t%1$d}\n".formatted(i, target))
                .collect(Collectors.joining());
        Path file = Files.writeString(
                folder.resolve("tunnels-%d-%d.yaml".formatted(edge.lane(), first)),
                "edge: 127.0.0.1:%d\njson: true\nlanes: 1\ntunnels:\n%s".formatted(edge.lane(), lines));
        chain.keep(culvert(List.of("start", "--config", file.toString())))
                .awaitCount("\"event\":\"online\"", end - first);
    }

    private record Edge(int visitors, int lane) {}

    private static List<String> cluster(int port, String join) throws IOException {
        return List.of(
                "--cluster",
                "static",
                "--cluster-name",
                "bench",
                "--cluster-host",
                "127.0.0.1",
                "--join",
                join,
                "--cluster-port",
                "" + port,
                "--bus-port",
                "" + Ports.free());
    }

    private Edge edge(Chain chain, List<String> options) throws IOException, InterruptedException {
        Child edge = chain.keep(culvert(
                joined(List.of("edge", "--lane-port", "0", "--admin-port", "0"), joined(options, edgeOptions))));
        return new Edge(port(edge, "visitors"), port(edge, "agents"));
    }

    private Child agent(Chain chain, Edge edge, String kind, String... more) throws IOException {
        return chain.keep(culvert(joined(
                List.of(kind, "" + target, "--lanes", "1", "--edge", "127.0.0.1:" + edge.lane()), List.of(more))));
    }

    private Child culvert(List<String> arguments) throws IOException {
        Map<String, String> environment =
                Map.of("CULVERT_HOME", folder.resolve("home").toString(), "CULVERT_JAVA_OPTS", javaOptions);
        return Child.start(arguments.get(0), folder, environment, joined(List.of(launcher.toString()), arguments));
    }

    private static int port(Child edge, String what) throws IOException, InterruptedException {
        return Integer.parseInt(edge.await("(?i)" + what + "\\D[^\n]*?:(\\d+)").group(1));
    }
}

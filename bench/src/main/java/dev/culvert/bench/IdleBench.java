package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What an edge holds for tunnels and visitor connections that have nothing to do. */
@Command(
        name = "idle",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Memory of the edge for each idle tunnel and each idle visitor connection.")
final class IdleBench implements Measurement {
    private static final Figure EACH = new Figure("KiB each", "%.1f");
    private static final Figure HEAP = new Figure("of it heap", "%.1f");
    private static final Figure DIRECT = new Figure("outside the heap", "%.1f");
    private static final Figure RESIDENT = new Figure("edge's RSS MiB", "%,.0f");
    private static final List<Figure> COLUMNS = List.of(EACH, HEAP, DIRECT, RESIDENT);

    /** How many tunnels an agent has: an edge takes 2,000 of each. */
    private static final int NAMES_OF_AN_AGENT = 2000;

    /** After so long what the edge keeps for an exchange is gone; a visitor may be idle for longer. */
    private static final Duration SETTLED = Duration.ofSeconds(8);

    @Option(names = "--tunnels", paramLabel = "N", description = "Idle tunnels. Default: ${DEFAULT-VALUE}")
    private int tunnels = 10_000;

    @Option(names = "--visitors", paramLabel = "N", description = "Idle visitors. Default: ${DEFAULT-VALUE}")
    private int visitors = 10_000;

    @Option(names = "--java-opts", paramLabel = "OPTIONS", description = "More options for the edge. Default: none")
    private String javaOptions = "";

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        if (tunnels > 0) {
            rows.add(tunnels(place));
        }
        if (visitors > 0) {
            rows.add(visitors(place, false));
            rows.add(visitors(place, true));
        }
        return Table.of("idle", COLUMNS, rows);
    }

    private Row tunnels(Workplace place) throws IOException, InterruptedException {
        try (Child edge = edge(place, List.of("--http-port", "0"));
                Crowd agents = new Crowd(new ArrayList<>())) {
            int lanes = port(edge, "agents");
            // What the first lane brings with it, classes above all, is the edge's and not a tunnel's.
            agents.add(agent(place, lanes, 0, 1));
            Footprint before = settled(edge);
            for (int first = 1; first <= tunnels; first += NAMES_OF_AN_AGENT) {
                agents.add(agent(place, lanes, first, Math.min(tunnels + 1, first + NAMES_OF_AN_AGENT)));
            }
            return row("tunnel", tunnels, before, settled(edge));
        }
    }

    private Row visitors(Workplace place, boolean tls) throws IOException, InterruptedException {
        List<String> options = tls ? Pem.make(place.folder()).edgeOptions() : List.of("--http-port", "0");
        try (Page page = Page.serve();
                Child edge = edge(place, options);
                Child agent = culvert(
                        place,
                        "",
                        List.of(
                                "http",
                                "" + page.port(),
                                "--name",
                                "t0",
                                "--edge",
                                "127.0.0.1:" + port(edge, "agents")))) {
            agent.await("Online");
            int port = port(edge, "visitors");
            Visitors.connect(50, port, tls, "t0.localhost").close();
            Footprint before = settled(edge);
            try (Visitors crowd = Visitors.connect(visitors, port, tls, "t0.localhost")) {
                Footprint after = settled(edge);
                if (crowd.connected() < visitors) {
                    throw new BenchException("only %d visitors were still connected".formatted(crowd.connected()));
                }
                return row(tls ? "visitor, TLS" : "visitor, plain", visitors, before, after);
            }
        }
    }

    private static Footprint settled(Child edge) throws IOException, InterruptedException {
        Thread.sleep(SETTLED.toMillis());
        return Footprint.of(edge.pids().findFirst().orElseThrow());
    }

    private static Row row(String name, int number, Footprint before, Footprint after) {
        double heap = (after.heapBytes() - before.heapBytes()) / 1024.0 / number;
        double direct = (after.directBytes() - before.directBytes()) / 1024.0 / number;
        Row row = new Row(name);
        row.add(EACH, heap + direct);
        row.add(HEAP, heap);
        row.add(DIRECT, direct);
        row.add(RESIDENT, after.residentBytes() / 1024.0 / 1024);
        return row;
    }

    private Child agent(Workplace place, int lanes, int first, int end) throws IOException, InterruptedException {
        String lines = IntStream.range(first, end)
                .mapToObj("  t%1$d: {target: 9, name: t%1$d}\n"::formatted)
                .collect(Collectors.joining());
        Path file = Files.writeString(
                place.folder().resolve("tunnels-%d-%d.yaml".formatted(lanes, first)),
                "edge: 127.0.0.1:%d\njson: true\nlanes: 1\ntunnels:\n%s".formatted(lanes, lines));
        Child agent = culvert(place, "", List.of("start", "--config", file.toString()));
        agent.awaitCount("\"event\":\"online\"", end - first);
        return agent;
    }

    private Child edge(Workplace place, List<String> options) throws IOException {
        return culvert(
                place,
                Footprint.OPTION + " " + javaOptions,
                Stream.concat(Stream.of("edge", "--lane-port", "0", "--admin-port", "0"), options.stream())
                        .toList());
    }

    private static Child culvert(Workplace place, String javaOptions, List<String> arguments) throws IOException {
        return Child.start(
                arguments.get(0),
                place.folder(),
                Map.of("CULVERT_HOME", place.folder().resolve("home").toString(), "CULVERT_JAVA_OPTS", javaOptions),
                Stream.concat(Stream.of(place.launcher().toString()), arguments.stream())
                        .toList());
    }

    private static int port(Child edge, String what) throws IOException, InterruptedException {
        return Integer.parseInt(edge.await("(?i)" + what + "\\D[^\n]*?:(\\d+)").group(1));
    }

    /** Agents that end together. */
    private record Crowd(List<Child> agents) implements AutoCloseable {
        void add(Child agent) {
            agents.add(agent);
        }

        @Override
        public void close() {
            agents.forEach(Child::close);
        }
    }
}

package dev.culvert.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How long the programs take to start, launcher included, and what they hold when nothing happens. */
@Command(
        name = "start",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "From the launcher's start to an edge that is ready and an agent that is online.")
final class StartBench implements Measurement {
    private static final Figure SECONDS = new Figure("start s", "%.2f");
    private static final Figure CPU = new Figure("CPU s until then", "%.2f");
    private static final Figure IDLE = new Figure("RSS idle MiB", "%,.0f");
    private static final List<Figure> COLUMNS = List.of(SECONDS, CPU, IDLE);

    /** After so long a program that has nothing to do has finished what it does at its start. */
    private static final Duration SETTLED = Duration.ofSeconds(3);

    @Option(names = "--rounds", paramLabel = "N", description = "Starts of each. Default: ${DEFAULT-VALUE}")
    private int rounds = 7;

    @Option(names = "--java-opts", paramLabel = "OPTIONS", description = "More options for both JVMs. Default: none")
    private String javaOptions = "";

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        Row agents = new Row("agent online");
        Row edges = new Row("edge ready");
        start(place, new Row("warms the disk's cache"), new Row(""));
        for (int round = 1; round <= rounds; round++) {
            start(place, edges, agents);
        }
        return Table.of("program", COLUMNS, List.of(agents, edges));
    }

    private void start(Workplace place, Row edges, Row agents) throws IOException, InterruptedException {
        int lanes = Ports.free();
        try (Child edge = timed(
                        place,
                        edges,
                        "admin.*:\\d+",
                        List.of("edge", "--http-port", "0", "--lane-port", "" + lanes, "--admin-port", "0"));
                Child agent = timed(
                        place,
                        agents,
                        "\"online\"",
                        List.of("http", "9", "--name", "bench", "--edge", "127.0.0.1:" + lanes, "--json"))) {
            Thread.sleep(SETTLED.toMillis());
            edges.add(IDLE, mib(edge));
            agents.add(IDLE, mib(agent));
        }
    }

    private Child timed(Workplace place, Row row, String ready, List<String> arguments)
            throws IOException, InterruptedException {
        long before = System.nanoTime();
        Child child = Child.start(
                arguments.get(0),
                place.folder(),
                Map.of("CULVERT_HOME", place.folder().resolve("home").toString(), "CULVERT_JAVA_OPTS", javaOptions),
                Stream.concat(Stream.of(place.launcher().toString()), arguments.stream())
                        .toList());
        child.await(ready);
        row.add(SECONDS, (System.nanoTime() - before) / 1e9);
        row.add(CPU, Proc.cpuMicros(child.pids().toList()) / 1e6);
        return child;
    }

    private static double mib(Child child) {
        return Proc.residentBytes(child.pids().toList()) / 1024.0 / 1024;
    }
}

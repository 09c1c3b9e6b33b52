package dev.culvert.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** From a visitor's first SYN until the first byte of an answer: one visitor after another, each on a connection of its own. */
@Command(
        name = "first-byte",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "New connections, one after another, each with one request: until its answer begins.")
final class FirstByteBench implements Measurement {
    private static final Figure CPU = new Figure("CPU µs/connection", "%.0f");

    @Option(names = "--chains", paramLabel = "REGEX", description = "Only the chains whose whole name matches.")
    private String chains = "direct|haproxy-(tcp|http|https)-2|culvert-(http|tcp|https)(-relay)?";

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all chains. Default: ${DEFAULT-VALUE}")
    private int rounds = 4;

    @Option(names = "--visitors", paramLabel = "N", description = "A round and chain. Default: ${DEFAULT-VALUE}")
    private int visitors = 500;

    /** A JVM under this load compiles for about half a minute; a visitor costs ten times as much until then. */
    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description = "Visitors of each chain before it is measured. Default: ${DEFAULT-VALUE}")
    private int warmUp = 30;

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        try (Target target = Target.start(place.folder(), 100, 0);
                Chains all = new Chains(place, target.port())) {
            Map<Chain, Row> rows = new LinkedHashMap<>();
            for (Chain chain : all.start(chains)) {
                rows.put(chain, new Row(chain.name()));
                long end = System.nanoTime() + warmUp * 1_000_000_000L;
                while (System.nanoTime() < end) {
                    visit(chain, 10);
                }
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                for (Map.Entry<Chain, Row> row : rows.entrySet()) {
                    round(row.getKey(), row.getValue());
                    System.err.println(row.getValue());
                }
            }
            return Table.of("chain", List.of(Figure.P50, Figure.P99, CPU), rows.values());
        }
    }

    private void round(Chain chain, Row row) throws IOException {
        List<Long> pids = chain.pids();
        long cpu = Proc.cpuMicros(pids);
        visit(chain, visitors).addTo(row);
        if (!pids.isEmpty()) {
            row.add(CPU, (double) (Proc.cpuMicros(pids) - cpu) / visitors);
        }
    }

    private static Latencies visit(Chain chain, int count) throws IOException {
        Latencies latencies = new Latencies();
        for (int i = 0; i < count; i++) {
            long begun = System.nanoTime();
            try (Visitor visitor = Visitor.connect(chain)) {
                latencies.add(visitor.ask("/").firstByteNanos() - begun);
            }
        }
        return latencies;
    }
}

package dev.culvert.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What a download does to small requests that come the same way; with Culvert, through the same lane. */
@Command(
        name = "beside",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Small requests without and beside a download with a capped speed, on the same lane.")
final class BesideBench implements Measurement {
    private static final Figure ALONE_P50 = new Figure("p50 ms alone", "%.2f");
    private static final Figure ALONE_P99 = new Figure("p99 ms alone", "%.2f");
    private static final Figure BESIDE_P50 = new Figure("p50 ms beside it", "%.2f");
    private static final Figure BESIDE_P99 = new Figure("p99 ms beside it", "%.2f");
    private static final Figure RATIO_P50 = new Figure("p50 ratio", "%.2f");
    private static final Figure RATIO_P99 = new Figure("p99 ratio", "%.2f");
    private static final Figure SPEED = new Figure("download MiB/s", "%.0f");

    private static final int BIG_MIB = 1024;

    @Option(names = "--chains", paramLabel = "REGEX", description = "Only the chains whose whole name matches.")
    private String chains = "direct|haproxy-(tcp|http)-2|culvert-(http|tcp)(-relay)?";

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all chains. Default: ${DEFAULT-VALUE}")
    private int rounds = 6;

    @Option(names = "--seconds", paramLabel = "N", description = "Each of both, a round. Default: ${DEFAULT-VALUE}")
    private int seconds = 3;

    @Option(names = "--visitors", paramLabel = "N", description = "With small requests. Default: ${DEFAULT-VALUE}")
    private int visitors = 8;

    @Option(names = "--every", paramLabel = "MS", description = "A visitor's requests. Default: ${DEFAULT-VALUE}")
    private int everyMillis = 10;

    @Option(names = "--cap", paramLabel = "MIB", description = "The download, a second. Default: ${DEFAULT-VALUE}")
    private int cap = 100;

    /** A JVM under this load compiles for about half a minute, and small requests wait for that as for a download. */
    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description = "Load on each chain before it is measured. Default: ${DEFAULT-VALUE}")
    private int warmUp = 30;

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        try (Target target = Target.start(place.folder(), 100, BIG_MIB * 1024L * 1024);
                Chains all = new Chains(place, target.port())) {
            Map<Chain, Row> rows = new LinkedHashMap<>();
            for (Chain chain : all.start(chains)) {
                rows.put(chain, new Row(chain.name()));
                warmUp(chain);
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                for (Map.Entry<Chain, Row> row : rows.entrySet()) {
                    round(row.getKey(), row.getValue());
                    System.err.println(row.getValue());
                }
            }
            List<Figure> columns = List.of(ALONE_P50, BESIDE_P50, RATIO_P50, ALONE_P99, BESIDE_P99, RATIO_P99, SPEED);
            return Table.of("chain", columns, rows.values());
        }
    }

    /** Half of it as many requests as there can be, which is what makes a compiler begin, half as it is measured. */
    private void warmUp(Chain chain) throws IOException, InterruptedException {
        Load.wrk(chain, 32, Math.max(1, warmUp / 2));
        try (Download download = Download.start(chain, cap)) {
            SmallRequests.ask(chain, visitors, everyMillis, Math.max(1, warmUp / 2));
            download.mibPerSecond();
        }
    }

    private void round(Chain chain, Row row) throws IOException, InterruptedException {
        Latencies alone = SmallRequests.ask(chain, visitors, everyMillis, seconds);
        Latencies beside = beside(chain, row);
        row.add(ALONE_P50, alone.millis(50));
        row.add(ALONE_P99, alone.millis(99));
        row.add(BESIDE_P50, beside.millis(50));
        row.add(BESIDE_P99, beside.millis(99));
        row.add(RATIO_P50, beside.millis(50) / alone.millis(50));
        row.add(RATIO_P99, beside.millis(99) / alone.millis(99));
    }

    private Latencies beside(Chain chain, Row row) throws IOException, InterruptedException {
        try (Download download = Download.start(chain, cap)) {
            Latencies latencies = SmallRequests.ask(chain, visitors, everyMillis, seconds);
            row.add(SPEED, download.mibPerSecond());
            return latencies;
        }
    }
}

package dev.culvert.bench;

import dev.culvert.bench.Culverts.Entry;
import dev.culvert.bench.Culverts.Pair;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A long path, between agent and edge, and for plain TCP between visitor and target: one download, and small requests beside
 * it, with lost packets or without.
 */
@Command(
        name = "path",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "One download, and small requests beside it, over a long path between agent and edge.")
final class PathBench implements Measurement {
    private static final Figure SPEED = new Figure("download MiB/s", "%.1f");
    private static final Figure RATIO = new Figure("of plain TCP's", "%.2f");
    private static final Figure SMALL_P50 = new Figure("small p50 ms", "%.0f");
    private static final Figure SMALL_P99 = new Figure("small p99 ms", "%.0f");
    private static final String PLAIN = "plain TCP";

    @Option(names = "--round-trip", paramLabel = "MS", description = "Of the path. Default: ${DEFAULT-VALUE}")
    private int roundTrip = 100;

    @Option(names = "--width", paramLabel = "MIB", description = "Of the path, a second. Default: ${DEFAULT-VALUE}")
    private int width = 40;

    @Option(
            names = "--loss",
            paramLabel = "MIB",
            description = "A packet is lost in so many, on average: 14 for one of 10,000. Default: none")
    private int loss;

    @Option(names = "--size", paramLabel = "MIB", description = "Of the download. Default: ${DEFAULT-VALUE}")
    private int size = 512;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all. Default: ${DEFAULT-VALUE}")
    private int rounds = 4;

    @Option(names = "--seconds", paramLabel = "N", description = "Small requests, a round. Default: ${DEFAULT-VALUE}")
    private int seconds = 5;

    @Option(names = "--visitors", paramLabel = "N", description = "With small requests. Default: ${DEFAULT-VALUE}")
    private int visitors = 16;

    private final List<Chain> chains = new ArrayList<>();
    private final List<SlowPath> paths = new ArrayList<>();

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        try (Target target = Target.start(place.folder(), 100, size * 1024L * 1024)) {
            Map<Pair, Row> rows = new LinkedHashMap<>();
            for (Pair pair : start(place, target)) {
                rows.put(pair, new Row(pair.first().name()));
                warmUp(pair.first());
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                double plain = 0;
                for (Map.Entry<Pair, Row> row : rows.entrySet()) {
                    double speed = round(row.getKey(), row.getValue());
                    plain = row.getValue().name().equals(PLAIN) ? speed : plain;
                    row.getValue().add(RATIO, speed / plain);
                    System.err.println(row.getValue());
                }
            }
            return Table.of("way", List.of(SPEED, RATIO, SMALL_P50, SMALL_P99), rows.values());
        } finally {
            close();
        }
    }

    private void warmUp(Chain chain) throws IOException, InterruptedException {
        Load.wrk(chain, visitors, 2);
        try (Download download = Download.start(chain, 0)) {
            Thread.sleep(1000);
            download.mibPerSecond();
        }
    }

    private List<Pair> start(Workplace place, Target target) throws IOException, InterruptedException {
        Link.Shape shape = new Link.Shape(roundTrip, width, loss);
        Culverts culverts = new Culverts(place.launcher(), place.folder(), target.port(), Pem.make(place.folder()), "");
        List<Pair> pairs = new ArrayList<>();
        String plain = "http://127.0.0.1:" + path(shape, List.of(target.port()));
        pairs.add(both(new Chain(PLAIN).enteredAt(plain, "localhost")));
        pairs.add(both(kept(culverts.single("culvert-tcp, one lane", Entry.TCP, ports -> path(shape, ports)))));
        pairs.add(both(kept(culverts.single("culvert-http, one lane", Entry.HTTP, ports -> path(shape, ports)))));
        Pair pair = culverts.pair("culvert-http, two lanes to two edges", 2, ports -> path(shape, ports));
        kept(pair.first());
        pairs.add(pair);
        return pairs;
    }

    private int path(Link.Shape shape, List<Integer> ports) throws IOException {
        SlowPath path = SlowPath.to(shape, ports);
        paths.add(path);
        return path.port();
    }

    private Chain kept(Chain chain) {
        chains.add(chain);
        return chain;
    }

    private static Pair both(Chain chain) {
        return new Pair(chain, chain);
    }

    private double round(Pair pair, Row row) throws IOException, InterruptedException {
        double speed = Transfer.down(pair.first()).mibPerSecond();
        row.add(SPEED, speed);
        try (Download download = Download.start(pair.first(), 0)) {
            Latencies small = SmallRequests.ask(pair.other(), visitors, 0, seconds);
            download.mibPerSecond();
            row.add(SMALL_P50, small.millis(50));
            row.add(SMALL_P99, small.millis(99));
        }
        return speed;
    }

    private void close() throws IOException {
        chains.forEach(Chain::close);
        chains.clear();
        for (SlowPath path : paths) {
            path.close();
        }
        paths.clear();
    }
}

package dev.culvert.bench;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many WebSockets whose target says back what it is told: as fast as they can, and at a pace that leaves room. */
@Command(
        name = "websockets",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Many open WebSockets, echoing.")
final class WebSocketBench implements Measurement {
    private static final Figure PER_SECOND = new Figure("messages/s", "%,.0f");
    private static final Figure CPU = new Figure("CPU µs/message", "%.1f");
    private static final Figure PACED_P50 = new Figure("p50 ms at a pace", "%.2f");
    private static final Figure PACED_P99 = new Figure("p99 ms at a pace", "%.2f");
    private static final Figure PACED_CPU = new Figure("CPU µs/message at a pace", "%.1f");

    @Option(names = "--chains", paramLabel = "REGEX", description = "Only the chains whose whole name matches.")
    private String chains = "direct|haproxy-(http|tcp)-2|culvert-(http|tcp)(-relay)?";

    @Option(names = "--sockets", paramLabel = "N", description = "Open in each chain. Default: ${DEFAULT-VALUE}")
    private int sockets = 1000;

    @Option(names = "--message", paramLabel = "BYTES", description = "Of a message. Default: ${DEFAULT-VALUE}")
    private int message = 100;

    @Option(
            names = "--every",
            paramLabel = "MS",
            description = "From one message of a socket to the next, at a pace. Default: ${DEFAULT-VALUE}")
    private int everyMillis = 200;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all chains. Default: ${DEFAULT-VALUE}")
    private int rounds = 4;

    @Option(names = "--seconds", paramLabel = "N", description = "Each of both, a round. Default: ${DEFAULT-VALUE}")
    private int seconds = 3;

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        try (EchoTarget target = EchoTarget.start(place.folder());
                Chains all = new Chains(place, target.port())) {
            Map<EchoCrowd, Row> rows = new LinkedHashMap<>();
            for (Chain chain : all.start(chains)) {
                EchoCrowd crowd = EchoCrowd.connect(vertx, chain, sockets, message);
                rows.put(crowd, new Row(chain.name()));
                crowd.echo(0, 2 * seconds); // Compilers warm up.
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                for (Map.Entry<EchoCrowd, Row> row : rows.entrySet()) {
                    round(row.getKey(), row.getValue());
                    System.err.println(row.getValue());
                }
            }
            List<Figure> columns =
                    List.of(PER_SECOND, Figure.P50, Figure.P99, CPU, PACED_P50, PACED_P99, PACED_CPU, Figure.RSS);
            return Table.of("chain", columns, rows.values());
        } finally {
            vertx.close().await();
        }
    }

    private void round(EchoCrowd crowd, Row row) throws InterruptedException {
        List<Long> pids = crowd.chain().pids();
        long begun = Proc.cpuMicros(pids);
        Latencies fast = crowd.echo(0, seconds);
        long between = Proc.cpuMicros(pids);
        Latencies paced = crowd.echo(everyMillis, seconds);
        long end = Proc.cpuMicros(pids);
        row.add(PER_SECOND, (double) fast.count() / seconds);
        fast.addTo(row);
        row.add(PACED_P50, paced.millis(50));
        row.add(PACED_P99, paced.millis(99));
        if (!pids.isEmpty()) {
            row.add(CPU, (double) (between - begun) / fast.count());
            row.add(PACED_CPU, (double) (end - between) / paced.count());
            row.add(Figure.RSS, Proc.residentBytes(pids) / 1024.0 / 1024);
        }
    }
}

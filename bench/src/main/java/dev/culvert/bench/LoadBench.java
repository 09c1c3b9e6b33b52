package dev.culvert.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many small requests, and one long body each way, through all chains. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Small requests and long bodies through all chains.")
final class LoadBench implements Measurement {
    private static final Figure PER_SECOND = new Figure("requests/s", "%,.0f");
    private static final Figure CPU = new Figure("CPU µs/request", "%.1f");
    private static final Figure DOWN = new Figure("download MiB/s", "%,.0f");
    private static final Figure DOWN_CPU = new Figure("CPU ms/GiB down", "%,.0f");
    private static final Figure UP = new Figure("upload MiB/s", "%,.0f");
    private static final Figure UP_CPU = new Figure("CPU ms/GiB up", "%,.0f");
    private static final List<Figure> COLUMNS =
            List.of(PER_SECOND, Figure.P50, Figure.P99, CPU, DOWN, DOWN_CPU, UP, UP_CPU, Figure.RSS);

    /** What two chains are compared in. */
    private static final List<Figure> COMPARED = List.of(PER_SECOND, CPU, DOWN, DOWN_CPU, UP, UP_CPU);

    /** Into how many loads the time of warming up is cut; the last comes behind the long bodies. */
    private static final int WARMING_LOADS = 4;

    /** How often a long body goes each way before any is measured. */
    private static final int WARMING_TRANSFERS = 3;

    @Option(names = "--chains", paramLabel = "REGEX", description = "Only the chains whose whole name matches.")
    private String chains = ".*";

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all chains. Default: ${DEFAULT-VALUE}")
    private int rounds = 4;

    @Option(names = "--seconds", paramLabel = "N", description = "Length of each load. Default: ${DEFAULT-VALUE}")
    private int seconds = 5;

    /** A JVM under this load compiles for about half a minute, which costs as much as a sixth of all that it does. */
    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description = "Load on each chain before it is measured. Default: ${DEFAULT-VALUE}")
    private int warmUp = 30;

    @Option(names = "--connections", paramLabel = "N", description = "Visitors at once. Default: ${DEFAULT-VALUE}")
    private int connections = 32;

    @Option(names = "--streams", paramLabel = "N", description = "HTTP/2 requests at once a connection. Default: 1")
    private int streams = 1;

    @Option(names = "--body", paramLabel = "BYTES", description = "The small answer. Default: ${DEFAULT-VALUE}")
    private int body = 100;

    @Option(names = "--big", paramLabel = "MIB", description = "The big body; 0 for none. Default: ${DEFAULT-VALUE}")
    private int big = 1024;

    @Option(
            names = "--event-loops",
            paramLabel = "N,...",
            split = ",",
            description = "Chains whose edges have so many.")
    private List<Integer> eventLoops = new ArrayList<>();

    @Option(
            names = "--java-opts",
            paramLabel = "OPTIONS",
            description = "Of Culvert's JVMs, after the launcher's own. Default: none")
    private String javaOptions = "";

    @Option(names = "--tunnels", paramLabel = "N,...", split = ",", description = "Chains with so many tunnels.")
    private List<Integer> tunnels = new ArrayList<>();

    @Override
    public String measure(Workplace place) throws IOException, InterruptedException {
        try (Target target = Target.start(place.folder(), body, big * 1024L * 1024);
                Chains all = new Chains(place, target.port(), javaOptions)) {
            all.addHttp2(target.http2Port());
            tunnels.forEach(all::addCrowded);
            eventLoops.forEach(all::addLoops);
            Map<Chain, Row> rows = new LinkedHashMap<>();
            for (Chain chain : all.start(chains)) {
                rows.put(chain, new Row(chain.name()));
                warmUp(chain, place.folder());
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                for (Map.Entry<Chain, Row> row : rows.entrySet()) {
                    round(row.getKey(), row.getValue(), place.folder());
                }
            }
            return Table.of("chain", COLUMNS, rows.values()) + "\n" + Ratios.of(COMPARED, Chains.PAIRS, rows.values());
        }
    }

    /**
     * In several loads: what happens at the end of one, when all visitors leave, makes the JVM compile some of what it has
     * compiled again, and that is not to fall into the first round.
     */
    private void warmUp(Chain chain, Path folder) throws IOException, InterruptedException {
        int length = warmUp / WARMING_LOADS;
        for (int i = 1; i < WARMING_LOADS && length > 0; i++) {
            load(chain, length);
        }
        carryLongBodies(chain, folder);
        if (length > 0) {
            load(chain, length);
        }
    }

    /** What carries long bodies is other code, which has to be compiled too. */
    private void carryLongBodies(Chain chain, Path folder) throws IOException, InterruptedException {
        for (int i = 0; i < WARMING_TRANSFERS && big > 0; i++) {
            Transfer.down(chain);
            Transfer.up(chain, folder.resolve("www/big"));
        }
    }

    private Load load(Chain chain, int length) throws IOException, InterruptedException {
        // The reference localtunnel client opens ten sockets at most, and each visitor connection holds one.
        int visitors = chain.name().equals("localtunnel") ? Math.min(connections, 8) : connections;
        return chain.name().endsWith("-h2")
                ? Load.h2load(chain, visitors, streams, length)
                : Load.wrk(chain, visitors, length);
    }

    private void round(Chain chain, Row row, Path folder) throws IOException, InterruptedException {
        boolean own = !chain.pids().isEmpty();
        Load load = load(chain, seconds);
        row.add(PER_SECOND, load.perSecond());
        if (load.p50Millis() > 0) {
            row.add(Figure.P50, load.p50Millis());
            row.add(Figure.P99, load.p99Millis());
        }
        if (own) {
            row.add(CPU, load.cpuMicros());
        }
        if (big > 0) {
            Transfer down = Transfer.down(chain);
            Transfer up = Transfer.up(chain, folder.resolve("www/big"));
            row.add(DOWN, down.mibPerSecond());
            row.add(UP, up.mibPerSecond());
            if (own) {
                row.add(DOWN_CPU, down.cpuMillisPerGib());
                row.add(UP_CPU, up.cpuMillisPerGib());
            }
        }
        if (own) {
            row.add(Figure.RSS, Proc.residentBytes(chain.pids()) / 1024.0 / 1024);
        }
    }
}

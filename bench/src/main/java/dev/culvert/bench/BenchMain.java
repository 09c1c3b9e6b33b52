package dev.culvert.bench;

import dev.culvert.bench.Culverts.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run}: starts all chains, measures them in turns, round after round, and writes one table. */
@Command(
        name = "bench/run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures Culvert beside other programs on this machine. Figures are ratios within one run.")
public final class BenchMain implements Callable<Integer> {
    @Option(names = "--home", hidden = true, required = true)
    private Path home = Path.of(".");

    @Option(names = "--chains", paramLabel = "REGEX", description = "Only the chains whose whole name matches.")
    private String chains = ".*";

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds over all chains. Default: ${DEFAULT-VALUE}")
    private int rounds = 4;

    @Option(names = "--seconds", paramLabel = "N", description = "Length of each load. Default: ${DEFAULT-VALUE}")
    private int seconds = 5;

    @Option(names = "--connections", paramLabel = "N", description = "Visitors at once. Default: ${DEFAULT-VALUE}")
    private int connections = 32;

    @Option(names = "--streams", paramLabel = "N", description = "HTTP/2 requests at once a connection. Default: 1")
    private int streams = 1;

    @Option(names = "--body", paramLabel = "BYTES", description = "The small answer. Default: ${DEFAULT-VALUE}")
    private int body = 100;

    @Option(names = "--big", paramLabel = "MIB", description = "The big body; 0 for none. Default: ${DEFAULT-VALUE}")
    private int big = 1024;

    @Option(names = "--event-loops", paramLabel = "N", description = "Of Culvert's programs. Default: one a core")
    private int eventLoops;

    @Option(names = "--tunnels", paramLabel = "N,...", split = ",", description = "Chains with so many tunnels.")
    private List<Integer> tunnels = new ArrayList<>();

    /** Runs it. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new BenchMain())
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    line.getErr().println(failure instanceof BenchException ? failure.getMessage() : failure);
                    return 1;
                })
                .execute(arguments));
    }

    /** How a chain is started. */
    private interface Start {
        Chain chain(String name) throws IOException, InterruptedException;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        // In memory where there is such a folder: what is measured is no disk.
        Path shm = Path.of("/dev/shm");
        Path folder = Files.isDirectory(shm)
                ? Files.createTempDirectory(shm, "culvert-bench-")
                : Files.createTempDirectory("culvert-bench-");
        try (Target target = Target.start(folder, body, big * 1024L * 1024)) {
            measure(folder, target);
        } finally {
            new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor();
        }
        return 0;
    }

    private void measure(Path folder, Target target) throws IOException, InterruptedException {
        List<Chain> running = new ArrayList<>();
        try {
            Pattern wanted = Pattern.compile(chains);
            for (Map.Entry<String, Start> start : catalogue(folder, target).entrySet()) {
                if (wanted.matcher(start.getKey()).matches()) {
                    running.add(start.getValue().chain(start.getKey()));
                }
            }
            Map<Chain, Row> rows = new LinkedHashMap<>();
            for (Chain chain : running) {
                rows.put(chain, new Row(chain.name()));
                load(chain, 2 * seconds); // Compilers and caches warm up.
            }
            for (int round = 1; round <= rounds; round++) {
                System.err.printf("bench: round %d of %d%n", round, rounds);
                for (Map.Entry<Chain, Row> row : rows.entrySet()) {
                    round(row.getKey(), row.getValue(), folder);
                }
            }
            String table = Table.of(List.copyOf(rows.values()));
            System.out.print(table);
            Path written = Files.createDirectories(home.resolve("bench/target")).resolve("table.md");
            Files.writeString(written, table);
        } finally {
            running.forEach(Chain::close);
        }
    }

    private Map<String, Start> catalogue(Path folder, Target target) throws IOException, InterruptedException {
        Pem pem = Pem.make(folder);
        Proxies proxies = new Proxies(folder, target.port(), pem);
        Culverts culverts = new Culverts(home.resolve("culvert"), folder, target.port(), eventLoops, pem);
        Map<String, Start> all = new LinkedHashMap<>();
        all.put("direct", name -> proxies.direct());
        all.put("haproxy-tcp-2", name -> proxies.haproxies(name, "tcp", 2, false));
        all.put("haproxy-tcp-3", name -> proxies.haproxies(name, "tcp", 3, false));
        all.put("haproxy-http-2", name -> proxies.haproxies(name, "http", 2, false));
        all.put("haproxy-http-3", name -> proxies.haproxies(name, "http", 3, false));
        all.put("haproxy-https-2", name -> proxies.haproxies(name, "http", 2, true));
        all.put("haproxy-2-h2", name -> proxies.haproxies(name, "http", 2, true));
        all.put("nginx-2", name -> proxies.nginxes(name, 2));
        all.put("ssh", proxies::ssh);
        Path npm = home.resolve("bench/target/npm");
        if (Files.exists(npm.resolve("server.js"))) {
            all.put("localtunnel", name -> proxies.localtunnel(name, npm));
        }
        all.put("culvert-http", name -> culverts.single(name, Entry.HTTP));
        all.put("culvert-http-relay", name -> culverts.relayed(name, Entry.HTTP));
        all.put("culvert-tcp", name -> culverts.single(name, Entry.TCP));
        all.put("culvert-tcp-relay", name -> culverts.relayed(name, Entry.TCP));
        all.put("culvert-https", name -> culverts.single(name, Entry.HTTPS));
        all.put("culvert-h2", name -> culverts.single(name, Entry.HTTPS));
        all.put("culvert-https-relay", name -> culverts.relayed(name, Entry.HTTPS));
        for (int count : tunnels) {
            all.put("culvert-http-of-" + count, name -> culverts.crowded(name, count));
        }
        return all;
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
        row.add(Figure.PER_SECOND, load.perSecond());
        if (load.p50Millis() > 0) {
            row.add(Figure.P50, load.p50Millis());
            row.add(Figure.P99, load.p99Millis());
        }
        if (own) {
            row.add(Figure.CPU, load.cpuMicros());
        }
        if (big > 0) {
            Transfer down = Transfer.down(chain);
            Transfer up = Transfer.up(chain, folder.resolve("www/big"));
            row.add(Figure.DOWN, down.mibPerSecond());
            row.add(Figure.UP, up.mibPerSecond());
            if (own) {
                row.add(Figure.DOWN_CPU, down.cpuMillisPerGib());
                row.add(Figure.UP_CPU, up.cpuMillisPerGib());
            }
        }
        if (own) {
            row.add(Figure.RSS, Proc.residentBytes(chain.pids()) / 1024.0 / 1024);
        }
    }
}

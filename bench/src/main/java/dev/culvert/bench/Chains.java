package dev.culvert.bench;

import dev.culvert.bench.Culverts.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** All chains there are, by name, and those of them that run. */
final class Chains implements AutoCloseable {
    /** What ours are measured against. */
    static final List<Ratios.Pair> PAIRS = List.of(
            new Ratios.Pair("culvert-tcp", "haproxy-tcp-2"),
            new Ratios.Pair("culvert-tcp-relay", "haproxy-tcp-3"),
            new Ratios.Pair("culvert-http", "haproxy-http-2"),
            new Ratios.Pair("culvert-http-relay", "haproxy-http-3"),
            new Ratios.Pair("culvert-https", "haproxy-https-2"),
            new Ratios.Pair("culvert-h2", "haproxy-2-h2"),
            new Ratios.Pair("culvert-h2-h2", "haproxy-2-h2-h2"),
            new Ratios.Pair("culvert-tcp", "localtunnel"),
            new Ratios.Pair("culvert-http", "localtunnel"));

    private final Map<String, Start> all = new LinkedHashMap<>();
    private final List<Chain> running = new ArrayList<>();
    private final Culverts culverts;
    private final Proxies proxies;

    /** How a chain is started. */
    interface Start {
        Chain chain(String name) throws IOException, InterruptedException;
    }

    /** Those that end at a target, none of them running. */
    Chains(Workplace place, int target) throws IOException, InterruptedException {
        this(place, target, "");
    }

    /**
     * The same.
     *
     * @param javaOptions of Culvert's JVMs, after the launcher's own
     */
    Chains(Workplace place, int target, String javaOptions) throws IOException, InterruptedException {
        Pem pem = Pem.make(place.folder());
        proxies = new Proxies(place.folder(), target, pem);
        culverts = new Culverts(place.launcher(), place.folder(), target, pem, javaOptions);
        // Each beside what it is measured against: what disturbs the machine for a while disturbs both.
        all.put("direct", name -> proxies.direct());
        all.put("haproxy-tcp-2", name -> proxies.haproxies(name, "tcp", 2, false));
        all.put("culvert-tcp", name -> culverts.single(name, Entry.TCP));
        all.put("haproxy-tcp-3", name -> proxies.haproxies(name, "tcp", 3, false));
        all.put("culvert-tcp-relay", name -> culverts.relayed(name, Entry.TCP));
        all.put("haproxy-http-2", name -> proxies.haproxies(name, "http", 2, false));
        all.put("culvert-http", name -> culverts.single(name, Entry.HTTP));
        all.put("haproxy-http-3", name -> proxies.haproxies(name, "http", 3, false));
        all.put("culvert-http-relay", name -> culverts.relayed(name, Entry.HTTP));
        all.put("haproxy-https-2", name -> proxies.haproxies(name, "http", 2, true));
        all.put("culvert-https", name -> culverts.single(name, Entry.HTTPS));
        all.put("haproxy-2-h2", name -> proxies.haproxies(name, "http", 2, true));
        all.put("culvert-h2", name -> culverts.single(name, Entry.HTTPS));
        all.put("culvert-https-relay", name -> culverts.relayed(name, Entry.HTTPS));
        all.put("nginx-2", name -> proxies.nginxes(name, 2));
        all.put("ssh", proxies::ssh);
        if (Files.exists(place.npm().resolve("server.js"))) {
            all.put("localtunnel", name -> proxies.localtunnel(name, place.npm()));
        }
    }

    /** Two more: HTTP/2 to a target at this port as well. */
    void addHttp2(int target) {
        all.put("haproxy-2-h2-h2", name -> proxies.haproxiesToHttp2(name, target));
        all.put("culvert-h2-h2", name -> culverts.to(target).single(name, Entry.HTTPS_TO_HTTP2));
    }

    /** One more: HTTP through an edge that has so many tunnels. */
    void addCrowded(int tunnels) {
        all.put("culvert-http-of-" + tunnels, name -> culverts.crowded(name, tunnels));
    }

    /** Four more: plain HTTP and TCP through edges that have so many event loops each. */
    void addLoops(int number) {
        Culverts edges = culverts.withEventLoops(number);
        String suffix = "-loops-" + number;
        all.put("culvert-http" + suffix, name -> edges.single(name, Entry.HTTP));
        all.put("culvert-http-relay" + suffix, name -> edges.relayed(name, Entry.HTTP));
        all.put("culvert-tcp" + suffix, name -> edges.single(name, Entry.TCP));
        all.put("culvert-tcp-relay" + suffix, name -> edges.relayed(name, Entry.TCP));
    }

    /** Starts those whose whole names match, in their order. */
    List<Chain> start(String regex) throws IOException, InterruptedException {
        Pattern wanted = Pattern.compile(regex);
        List<Chain> started = new ArrayList<>();
        for (Map.Entry<String, Start> start : all.entrySet()) {
            if (wanted.matcher(start.getKey()).matches()) {
                Chain chain = start.getValue().chain(start.getKey());
                running.add(chain);
                started.add(chain);
            }
        }
        return started;
    }

    /** Ends those that run. */
    @Override
    public void close() {
        running.forEach(Chain::close);
    }
}

package dev.culvert.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a load of small requests came to.
 *
 * @param perSecond requests a second
 * @param p50Millis what half of the visitors waited at most, in ms; 0 where the generator does not tell
 * @param p99Millis what 99 of 100 waited at most, in ms; 0 where the generator does not tell
 * @param cpuMicros time on the processors a request, by the chain's own processes, in µs
 */
record Load(double perSecond, double p50Millis, double p99Millis, double cpuMicros) {
    private static final int THREADS = 2;

    /** By wrk, over HTTP/1.1 and kept connections. */
    static Load wrk(Chain chain, int connections, int seconds) throws IOException, InterruptedException {
        long cpu = Proc.cpuMicros(chain.pids());
        String said = Program.run(List.of(
                "wrk",
                "--latency",
                "-t" + THREADS,
                "-c" + connections,
                "-d" + seconds + "s",
                "-H",
                "Host: " + chain.host(),
                chain.url() + "/"));
        cpu = Proc.cpuMicros(chain.pids()) - cpu;
        if (said.contains("Non-2xx") || said.contains("Socket errors")) {
            throw new BenchException("%s: not all requests were answered:\n%s".formatted(chain.name(), said));
        }
        double requests = number(said, "(\\d+) requests in");
        return new Load(
                number(said, "Requests/sec:\\s+([\\d.]+)"), millis(said, "50%"), millis(said, "99%"), cpu / requests);
    }

    /** By h2load, over HTTP/2, so many requests at a time on each connection. */
    static Load h2load(Chain chain, int connections, int streams, int seconds)
            throws IOException, InterruptedException {
        long cpu = Proc.cpuMicros(chain.pids());
        List<String> command = new ArrayList<>(List.of(
                "h2load",
                "-t" + THREADS,
                "-c" + connections,
                "-m" + streams,
                "-D" + seconds,
                "-H",
                ":authority: " + chain.host(),
                chain.url() + "/"));
        String said = Program.run(command);
        cpu = Proc.cpuMicros(chain.pids()) - cpu;
        double done = number(said, "(\\d+) succeeded");
        if (done == 0 || number(said, "(\\d+) failed") > 0) {
            throw new BenchException("%s: not all requests were answered:\n%s".formatted(chain.name(), said));
        }
        return new Load(number(said, "([\\d.]+) req/s"), 0, 0, cpu / done);
    }

    private static double millis(String said, String percentile) {
        Matcher found = Pattern.compile(percentile + "\\s+([\\d.]+)(us|ms|s)").matcher(said);
        if (!found.find()) {
            throw new BenchException("wrk did not tell " + percentile + ":\n" + said);
        }
        double value = Double.parseDouble(found.group(1));
        return switch (found.group(2)) {
            case "us" -> value / 1000;
            case "ms" -> value;
            default -> value * 1000;
        };
    }

    private static double number(String said, String regex) {
        Matcher found = Pattern.compile(regex).matcher(said);
        if (!found.find()) {
            throw new BenchException("no \"%s\" in:\n%s".formatted(regex, said));
        }
        return Double.parseDouble(found.group(1));
    }
}

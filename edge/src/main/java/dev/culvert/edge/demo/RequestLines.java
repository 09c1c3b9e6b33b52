package dev.culvert.edge.demo;

import dev.culvert.agent.AgentListener;
import dev.culvert.agent.Tunnel;
import dev.culvert.wire.Exchange;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** A line on the terminal for each request. Safe for use by any thread. */
final class RequestLines implements AgentListener {
    private static final int PATH_WIDTH = 28;

    private final PrintWriter out;

    RequestLines(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void onExchange(Tunnel tunnel, Exchange exchange) {
        out.println(line(exchange));
        out.flush();
    }

    @Override
    public void onNotice(String sentence) {
        out.println("  " + sentence);
        out.flush();
    }

    static String line(Exchange exchange) {
        LocalTime at = LocalTime.ofInstant(Instant.ofEpochMilli(exchange.startedAtMillis()), ZoneId.systemDefault())
                .truncatedTo(ChronoUnit.SECONDS);
        return String.format(
                        Locale.ROOT,
                        "  %tT  %s  %-6s %-" + PATH_WIDTH + "s %9.1f ms %10s",
                        at,
                        exchange.status() == 0 ? "left" : exchange.status() + " ",
                        exchange.method(),
                        path(exchange.path()),
                        exchange.totalMicros() / 1000.0,
                        bytes(exchange.responseBytes()))
                .stripTrailing();
    }

    /** What visitors typed: cut, and without what would move the cursor. */
    private static String path(String path) {
        String printable = path.replaceAll("[^\\x21-\\x7e]", "?");
        return printable.length() <= PATH_WIDTH ? printable : printable.substring(0, PATH_WIDTH - 1) + "…";
    }

    private static String bytes(long bytes) {
        if (bytes < 10_000) {
            return bytes + " B";
        }
        return bytes < 10_000_000 ? bytes / 1000 + " kB" : bytes / 1_000_000 + " MB";
    }
}

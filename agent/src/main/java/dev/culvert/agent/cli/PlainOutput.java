package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is going on, in words. */
final class PlainOutput implements Output {
    /** More in a second is nothing that anybody reads. */
    private static final int REQUESTS_PER_SECOND = 50;

    /** While the edge is away, its absence is told again at most this often. */
    private static final Duration REMINDER = Duration.ofSeconds(30);

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
    private static final String RESET = "\u001b[0m";

    private final Lines lines;
    private final boolean coloured;
    private final boolean showsNames;
    private final String peer;

    /** What each tunnel was said to be; guarded by this. */
    private final Map<Told, TunnelState> said = new HashMap<>();

    /** Those that have been online; guarded by this. */
    private final Set<Told> known = new HashSet<>();

    private TunnelState.@Nullable Reconnecting lastSaid;
    private long lastSaidNanos;

    /**
     * Begins to print.
     *
     * @param coloured whether a terminal reads it
     * @param showsNames whether lines about requests say the tunnel's name, because there are several
     * @param peer what the tunnels are connected to: {@code edge}
     */
    PlainOutput(PrintStream out, boolean coloured, boolean showsNames, String peer) {
        this.coloured = coloured;
        this.showsNames = showsNames;
        this.peer = peer;
        warmUp();
        this.lines =
                new Lines(out, REQUESTS_PER_SECOND, "          … and %d more requests"::formatted, System::nanoTime);
    }

    /** Loads what lines need from files, such as time zones: with the first visitors there may be no file descriptor left. */
    private static void warmUp() {
        if ("%s  %s".formatted(time(Instant.now()), size(2048)).isEmpty()) {
            throw new IllegalStateException("there is always a time");
        }
    }

    @Override
    public synchronized void state(Told tunnel, TunnelState state) {
        TunnelState before = said.put(tunnel, state);
        if (state instanceof TunnelState.Connected connected) {
            lastSaid = null;
            boolean back = !known.add(tunnel) && before instanceof TunnelState.Reconnecting;
            String closed = tunnel.admission().isEmpty() ? "" : " (visitors need %s)".formatted(tunnel.admission());
            lines.say("%s: %s → %s%s"
                    .formatted(back ? "Back online" : "Online", printable(connected.url()), tunnel.target(), closed));
        } else if (state instanceof TunnelState.Reconnecting reconnecting) {
            reconnecting(reconnecting);
        } else if (state instanceof TunnelState.Offline offline && known.contains(tunnel)) {
            lines.say("Offline: %s (%s)".formatted(tunnel.target(), printable(offline.why())));
        }
    }

    /** One loss takes all tunnels along, and has many tries: it is told once, and then now and again. */
    private void reconnecting(TunnelState.Reconnecting state) {
        long now = System.nanoTime();
        boolean again = lastSaid != null && lastSaid.edgeAnswers() == state.edgeAnswers();
        if (again && (now - lastSaidNanos < REMINDER.toNanos() || Objects.equals(lastSaid, state))) {
            return;
        }
        lastSaid = state;
        lastSaidNanos = now;
        lines.say("%s (%s); trying again %s".formatted(what(state, again), printable(state.why()), in(state.delay())));
    }

    private String what(TunnelState.Reconnecting state, boolean again) {
        if (state.edgeAnswers()) {
            return again ? "Still waiting for the name" : "Waiting for the name";
        }
        if (again) {
            return "Still no connection to the " + peer;
        }
        return (known.isEmpty() ? "No connection to the %s yet" : "Connection to the %s lost").formatted(peer);
    }

    private static String in(Duration delay) {
        long seconds = (delay.toMillis() + 500) / 1000;
        return seconds == 0 ? "now" : "in %d s".formatted(seconds);
    }

    @Override
    public void request(Told tunnel, Exchange exchange) {
        lines.request(() -> line(tunnel, exchange));
    }

    @Override
    public void connection(Told tunnel, VisitorConnection connection) {
        lines.request(() -> "%s  %s%s  in %s, out %s  %s"
                .formatted(
                        time(Instant.ofEpochMilli(connection.startedAtMillis())),
                        name(tunnel),
                        connection.visitor().isEmpty() ? "somebody" : printable(connection.visitor()),
                        size(connection.bytesIn()),
                        size(connection.bytesOut()),
                        took(connection.totalMicros())));
    }

    @Override
    public void targetRefused(Told tunnel, String sentence) {
        Instant now = Instant.now();
        lines.request(() -> "%s  %sa visitor came, and %s".formatted(time(now), name(tunnel), printable(sentence)));
    }

    private String name(Told tunnel) {
        return showsNames ? printable(tunnel.name()) + "  " : "";
    }

    private static String time(Instant instant) {
        return TIME.format(instant.atZone(ZoneId.systemDefault()));
    }

    private String line(Told tunnel, Exchange exchange) {
        String time = time(Instant.ofEpochMilli(exchange.startedAtMillis()));
        return "%s  %s%s %s  %s  %s"
                .formatted(
                        time,
                        name(tunnel),
                        printable(exchange.method()),
                        printable(exchange.path()),
                        status(exchange.status()),
                        took(exchange.totalMicros()));
    }

    private String status(int status) {
        if (status == 0) {
            return "left"; // The visitor, before there was an answer.
        }
        if (!coloured) {
            return Integer.toString(status);
        }
        int colour = status >= 500 ? 31 : status >= 400 ? 33 : status >= 300 ? 36 : 32;
        return "\u001b[%dm%d%s".formatted(colour, status, RESET);
    }

    private static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        String units = "KMGTP";
        double value = bytes / 1024.0;
        int unit = 0;
        while (value >= 999.5 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.3g %siB", value, units.charAt(unit));
    }

    private static String took(long micros) {
        long millis = (micros + 500) / 1000;
        return millis < 10_000 ? millis + " ms" : millis / 1000 + " s";
    }

    @Override
    public void inspector(String url) {
        lines.say("Requests: " + url);
    }

    @Override
    public void notice(String sentence) {
        lines.say("Note: " + printable(sentence));
    }

    @Override
    public void close() {
        lines.close();
    }

    /** What visitors and edges send must not steer the terminal. */
    static String printable(String text) {
        return text.codePoints()
                .map(character -> Character.isISOControl(character) ? '?' : character)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}

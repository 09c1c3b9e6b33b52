package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;
import io.vertx.core.json.JsonObject;
import java.io.PrintStream;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * One JSON object a line: {@code online}, {@code reconnecting}, {@code offline}, {@code request}, {@code connection},
 * {@code target-refused}, {@code inspector}, {@code notice}.
 */
final class JsonOutput implements Output {
    private static final Pattern STEERING = Pattern.compile("[\\x7f-\\x9f]");

    private final Lines lines;

    JsonOutput(PrintStream out) {
        // Programs read as fast as they can: only what their pipe does not take is counted instead.
        lines = new Lines(
                out,
                Integer.MAX_VALUE,
                skipped -> encoded(event("skipped").put("requests", skipped)),
                System::nanoTime);
    }

    @Override
    public void state(Told tunnel, TunnelState state) {
        if (state instanceof TunnelState.Connected connected) {
            say(event("online")
                    .put("name", connected.name())
                    .put("url", connected.url())
                    .put("target", tunnel.target()));
        } else if (state instanceof TunnelState.Reconnecting reconnecting) {
            say(event("reconnecting")
                    .put("target", tunnel.target())
                    .put("reason", reconnecting.why())
                    .put("delayMillis", reconnecting.delay().toMillis()));
        } else if (state instanceof TunnelState.Offline offline) {
            say(event("offline").put("target", tunnel.target()).put("reason", offline.why()));
        }
    }

    @Override
    public void request(Told tunnel, Exchange exchange) {
        lines.request(() -> encoded(event("request")
                .put("name", tunnel.name())
                .put("time", Instant.ofEpochMilli(exchange.startedAtMillis()).toString())
                .put("visitor", exchange.visitor())
                .put("method", exchange.method())
                .put("path", exchange.path())
                .put("status", exchange.status())
                .put("requestBytes", exchange.requestBytes())
                .put("responseBytes", exchange.responseBytes())
                .put("firstByteMicros", exchange.firstByteMicros())
                .put("totalMicros", exchange.totalMicros())));
    }

    @Override
    public void connection(Told tunnel, VisitorConnection connection) {
        lines.request(() -> encoded(event("connection")
                .put("name", tunnel.name())
                .put("time", Instant.ofEpochMilli(connection.startedAtMillis()).toString())
                .put("visitor", connection.visitor())
                .put("bytesIn", connection.bytesIn())
                .put("bytesOut", connection.bytesOut())
                .put("totalMicros", connection.totalMicros())));
    }

    @Override
    public void targetRefused(Told tunnel, String sentence) {
        lines.request(() -> encoded(event("target-refused")
                .put("name", tunnel.name())
                .put("target", tunnel.target())
                .put("reason", sentence)));
    }

    @Override
    public void inspector(String url) {
        say(event("inspector").put("url", url));
    }

    @Override
    public void notice(String sentence) {
        say(event("notice").put("message", sentence));
    }

    @Override
    public void close() {
        lines.close();
    }

    private void say(JsonObject event) {
        lines.say(encoded(event));
    }

    /** On one line, with what may steer a terminal escaped: JSON itself wants it only of the first 32 characters. */
    static String encoded(JsonObject event) {
        return STEERING.matcher(event.encode())
                .replaceAll(found -> "\\\\u%04x".formatted((int) found.group().charAt(0)));
    }

    private static JsonObject event(String name) {
        return new JsonObject().put("event", name);
    }
}

package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelState;
import dev.culvert.agent.VisitorConnection;
import dev.culvert.wire.Exchange;
import io.vertx.core.json.JsonObject;
import java.io.PrintStream;
import java.time.Instant;

/**
 * One JSON object a line: {@code online}, {@code reconnecting}, {@code offline}, {@code request}, {@code connection},
 * {@code target-refused}, {@code inspector}, {@code notice}.
 */
final class JsonOutput implements Output {
    private final Lines lines;

    JsonOutput(PrintStream out) {
        // Programs read as fast as they can: only what their pipe does not take is counted instead.
        lines = new Lines(
                out,
                Integer.MAX_VALUE,
                skipped -> event("skipped").put("requests", skipped).encode(),
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
        lines.request(() -> event("request")
                .put("name", tunnel.name())
                .put("time", Instant.ofEpochMilli(exchange.startedAtMillis()).toString())
                .put("visitor", exchange.visitor())
                .put("method", exchange.method())
                .put("path", exchange.path())
                .put("status", exchange.status())
                .put("requestBytes", exchange.requestBytes())
                .put("responseBytes", exchange.responseBytes())
                .put("firstByteMicros", exchange.firstByteMicros())
                .put("totalMicros", exchange.totalMicros())
                .encode());
    }

    @Override
    public void connection(Told tunnel, VisitorConnection connection) {
        lines.request(() -> event("connection")
                .put("name", tunnel.name())
                .put("time", Instant.ofEpochMilli(connection.startedAtMillis()).toString())
                .put("visitor", connection.visitor())
                .put("bytesIn", connection.bytesIn())
                .put("bytesOut", connection.bytesOut())
                .put("totalMicros", connection.totalMicros())
                .encode());
    }

    @Override
    public void targetRefused(Told tunnel, String sentence) {
        lines.request(() -> event("target-refused")
                .put("name", tunnel.name())
                .put("target", tunnel.target())
                .put("reason", sentence)
                .encode());
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
        lines.say(event.encode());
    }

    private static JsonObject event(String name) {
        return new JsonObject().put("event", name);
    }
}

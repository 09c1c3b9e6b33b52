package dev.culvert.edge.admin;

import dev.culvert.edge.ingress.DoorRefusal;
import dev.culvert.edge.ingress.Traffic;
import dev.culvert.edge.lanes.CloseCounts;
import dev.culvert.edge.registry.Tunnel;
import dev.culvert.wire.CloseReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.util.internal.PlatformDependent;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * This node in numbers, for Prometheus. Everything is counted where it happens anyway and read when it is asked for. No
 * tunnel's name is a label: anybody can make up names, and each would be a series for ever. Safe for use by any thread.
 */
final class Metrics {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final LocalNode node;

    Metrics(LocalNode node, LoopLag lag) {
        this.node = node;
        visitors(node.traffic());
        agents();
        cluster();
        certificates(node.certificates());
        gauge("culvert.event.loop.lag", "Longest wait for an event loop, last 10 to 20 s", lag::seconds, "seconds");
        gauge("culvert.direct.memory", "Memory outside the heap that Netty holds", Metrics::direct, "bytes");
        new JvmMemoryMetrics().bindTo(meters);
        new JvmThreadMetrics().bindTo(meters);
        new FileDescriptorMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        new UptimeMetrics().bindTo(meters);
    }

    /** All of them, in Prometheus' text format. */
    String scrape() {
        return meters.scrape();
    }

    private void visitors(Traffic traffic) {
        gauge("culvert.visitors", "Exchanges and upgraded connections under way", traffic::visitors, null);
        for (int statusClass = 0; statusClass < Traffic.STATUS_CLASSES; statusClass++) {
            int counted = statusClass;
            FunctionCounter.builder("culvert.requests", traffic, t -> t.answers(counted))
                    .description("Requests that ended, by the class of their status; none: the visitor left before")
                    .tag("status", statusClass == 0 ? "none" : statusClass + "xx")
                    .register(meters);
        }
        bytes("in", counts -> counts.bytesIn());
        bytes("out", counts -> counts.bytesOut());
        byReason("culvert.opens.refused", "Streams that could not be opened, by the reason", traffic.opensRefused());
        byReason(
                "culvert.visitors.turned.away",
                "Visitors of raw TCP and passed-through TLS that nothing could serve, by the reason",
                traffic.turnedAway());
        for (DoorRefusal reason : DoorRefusal.values()) {
            FunctionCounter.builder("culvert.connections.refused", traffic, t -> t.doorRefusals()
                            .of(reason))
                    .description("Visitor connections that ended before a request, by the reason")
                    .tag("reason", reason.label())
                    .register(meters);
        }
    }

    private void bytes(String direction, ToDoubleFunction<Traffic.Counts> counted) {
        FunctionCounter.builder(
                        "culvert.visitor.bytes", node.traffic(), traffic -> counted.applyAsDouble(traffic.total()))
                .description("Bytes of bodies, and of upgraded connections that ended; in: from visitors")
                .baseUnit("bytes")
                .tag("direction", direction)
                .register(meters);
    }

    private void agents() {
        gauge("culvert.lanes", "Agents' lanes that stand", () -> node.lanes().count(), null);
        gauge(
                "culvert.clients",
                "Whoever tunnels are served by from here: agents' lanes, and clients of SSH and of localtunnel",
                () -> node.carriers().remotes().size(),
                null);
        gauge("culvert.streams", "Streams open on lanes", () -> node.lanes().streams(), null);
        byReason(
                "culvert.lanes.closed",
                "Lanes that ended, by the reason",
                node.lanes().closes());
        gauge(
                "culvert.window.budget.left",
                "What streams' windows may still grow by; below 0 they shrink",
                () -> node.lanes().budget().left(),
                "bytes");
    }

    private void cluster() {
        gauge("culvert.names", "Names in the registry, reserved ones included", this::names, null);
        gauge("culvert.names.reserved", "Names that no agent serves, kept for their owners", this::reserved, null);
        gauge(
                "culvert.nodes",
                "Nodes of the cluster as this one sees it",
                () -> node.registry().nodes(),
                null);
        gauge(
                "culvert.relayed.streams",
                "Streams open to and from other nodes",
                node.relay().streams()::getAsInt,
                null);
        gauge(
                "culvert.nodes.unreached",
                "Other nodes to which no link comes to stand",
                node.relay().unreached()::getAsInt,
                null);
        gauge("culvert.ready", "1 while the node takes visitors", () -> node.isReady() ? 1 : 0, null);
        Gauge.builder("culvert.node.info", () -> 1)
                .description("Always 1; what the node is")
                .tag("version", node.about().version())
                .tag("label", node.about().label())
                .tag("id", node.about().id())
                .register(meters);
    }

    private void certificates(CertificateFigures figures) {
        gauge(
                "culvert.certificate.end.timestamp",
                "When the certificate of the edge's own domain ends, in Unix time",
                figures.end()::getAsDouble,
                "seconds");
        gauge(
                "culvert.bus.certificate.end.timestamp",
                "When this node's certificate for the event bus ends, in Unix time",
                figures.busEnd()::getAsDouble,
                "seconds");
        orders("received", figures.received());
        orders("failed", figures.failed());
    }

    private void orders(String outcome, LongSupplier count) {
        FunctionCounter.builder("culvert.certificate.orders", count, LongSupplier::getAsLong)
                .description("Certificates that this node has ordered by ACME, by what came of it")
                .tag("outcome", outcome)
                .register(meters);
    }

    private void gauge(String name, String description, Supplier<Number> value, @Nullable String unit) {
        Gauge.builder(name, value).description(description).baseUnit(unit).register(meters);
    }

    private void byReason(String name, String description, CloseCounts counts) {
        for (CloseReason reason : CloseReason.values()) {
            FunctionCounter.builder(name, counts, counted -> counted.of(reason))
                    .description(description)
                    .tag("reason", reason.label())
                    .register(meters);
        }
    }

    private int names() {
        return node.registry().tunnels().size();
    }

    private long reserved() {
        return node.registry().tunnels().stream()
                .map(Tunnel::claims)
                .filter(claims -> claims.isEmpty())
                .count();
    }

    /** The JVM's own number leaves out what Netty takes past it. */
    private static long direct() {
        return PlatformDependent.usedDirectMemory();
    }
}

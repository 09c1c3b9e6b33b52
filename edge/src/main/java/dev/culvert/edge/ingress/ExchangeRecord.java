package dev.culvert.edge.ingress;

import dev.culvert.edge.registry.Tunnel;
import dev.culvert.wire.Exchange;
import org.jspecify.annotations.Nullable;

/** What an exchange came to, for the counters and for the agent's eyes. */
final class ExchangeRecord {
    private final Traffic all;
    private final Traffic.OfTunnel traffic;
    private final Tunnel tunnel;
    private final RequestHead head;
    private final String visitor;
    private final long startedAtMillis = System.currentTimeMillis();
    private final long startedNanos = System.nanoTime();
    private long firstByteNanos;
    private int status;
    private long requestBytes;
    private long responseBytes;
    private boolean ended;

    /** @param visitor where it comes from, address and port */
    ExchangeRecord(Traffic traffic, Tunnel tunnel, RequestHead head, String visitor) {
        this.all = traffic;
        this.traffic = traffic.counting(tunnel.key());
        this.tunnel = tunnel;
        this.head = head;
        this.visitor = visitor;
        this.traffic.begun();
    }

    void answered(int status) {
        this.status = status;
        firstByteNanos = System.nanoTime();
    }

    void requestBytes(long more) {
        requestBytes += more;
        traffic.bytes(more, 0);
    }

    void responseBytes(long more) {
        responseBytes += more;
        traffic.bytes(0, more);
    }

    /** Counts the exchange and tells the far end about it. Once. */
    void end(@Nullable TargetConnection target) {
        if (ended) {
            return;
        }
        ended = true;
        traffic.ended();
        all.answered(status);
        if (target != null) {
            report(target);
        }
    }

    /** Tells the far end what it came to so far. */
    void report(TargetConnection target) {
        long now = System.nanoTime();
        target.report(new Exchange(
                tunnel.key().value(),
                visitor,
                head.method().name(),
                head.target(),
                status,
                requestBytes,
                responseBytes,
                startedAtMillis,
                firstByteNanos == 0 ? 0 : (firstByteNanos - startedNanos) / 1000,
                (now - startedNanos) / 1000));
    }
}
